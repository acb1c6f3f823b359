"""The middleware of orders before a small application that answers as Airflow's route would."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from tests.model_governance.web.test_marks import Route

from model_governance.errors import (
    AccessRefused,
    DecisionRefused,
    GovernanceError,
    LedgerBroken,
    RecordMissing,
    ServiceUnavailable,
)
from model_governance.web import answers, orders
from model_governance.web.order_requests import OrderForm

PATH = "/api/v2/dags/production_control/dagRuns"
CONF = {"action": "stop", "use_case": "loans", "reason": "it errs"}
BODY = {"logical_date": None, "conf": CONF}


class Desk:
    """Takes every order, or fails as it is told."""

    def __init__(self) -> None:
        self.given: list[tuple[OrderForm, str, str]] = []
        self.fault: GovernanceError | None = None

    def order(self, form: OrderForm, order_id: str, username: str) -> None:
        if self.fault:
            raise self.fault
        self.given.append((form, order_id, username))


@pytest.fixture
def route() -> Route:
    return Route()


@pytest.fixture
def desk() -> Desk:
    return Desk()


Call = Callable[..., httpx.Response]


@pytest.fixture
def call(route: Route, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Call:
    """A request by a user, through the middleware; whom Airflow knows, and lets trigger, is given here."""

    async def user_of(scope: Any) -> Any:
        name = dict(scope["headers"]).get(b"user", b"").decode()
        return SimpleNamespace(get_name=lambda: name) if name else None

    monkeypatch.setattr(orders, "signed_in_user", user_of)
    monkeypatch.setattr(orders, "may_trigger", lambda user, dag_id: user.get_name() != "viewer")
    middleware = orders.OrderMiddleware(route, desk)

    def request(body: Any, user: str = "olivia", path: str = PATH, method: str = "POST") -> httpx.Response:
        async def send_it() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=middleware), base_url="http://airflow"
            ) as client:
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                return await client.request(method, path, content=content, headers={"user": user} if user else {})

        return asyncio.run(send_it())

    return request


def reached(route: Route) -> dict[str, Any]:
    [(_, _, _, body)] = route.reached
    content: dict[str, Any] = json.loads(body)
    return content


def test_an_order_is_entered_under_the_id_of_the_run_that_is_to_carry_it_out(
    call: Call, route: Route, desk: Desk
) -> None:
    assert call({**BODY, "note": "ü"}).status_code == 200
    [(form, order_id, user)] = desk.given
    content = reached(route)
    assert re.fullmatch(r"manual__[0-9T:.+-]+_[0-9a-f]{8}", content["dag_run_id"])
    assert (order_id, user) == (f"production_control/{content['dag_run_id']}", "olivia")
    assert (content["conf"], content["note"]) == (CONF, "ü")
    assert (form.action, form.use_case, form.reason, form.to_version, form.drill) == (
        "stop",
        "loans",
        "it errs",
        None,
        False,
    )


def test_a_run_may_be_named(call: Call, route: Route, desk: Desk) -> None:
    call({**BODY, "dag_run_id": "mine"})
    assert (reached(route)["dag_run_id"], desk.given[0][1]) == ("mine", "production_control/mine")


@pytest.mark.parametrize("fault", [DecisionRefused("no role for it"), RecordMissing("there is no use case 'x'")])
def test_a_refusal_says_why_and_no_run_begins(call: Call, route: Route, desk: Desk, fault: GovernanceError) -> None:
    desk.fault = fault
    answer = call(BODY)
    assert (answer.status_code, answer.json()) == (403, {"detail": f"Nothing was ordered: {fault}"})
    assert answer.headers[answers.ANSWER_HEADER] == "refused"
    assert route.reached == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [(ServiceUnavailable("away"), 503), (LedgerBroken("entry 1: changed"), 403), (AccessRefused("no key"), 403)],
)
def test_what_cannot_be_entered_begins_no_run_but_for_a_stop(
    call: Call, route: Route, desk: Desk, fault: GovernanceError, status: int
) -> None:
    desk.fault = fault
    for action in ("resume", "roll_back", "retire"):
        assert call({**BODY, "conf": {**CONF, "action": action}}).status_code == status
    assert route.reached == []
    assert call(BODY).status_code == 200
    assert len(route.reached) == 1


def test_a_stop_does_not_wait_for_a_ledger_that_does_not_answer(
    call: Call, route: Route, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered_after_it_began: list[bool] = []

    def order(*_: Any) -> None:
        until = time.monotonic() + 30
        while not route.reached and time.monotonic() < until:
            time.sleep(0.01)
        entered_after_it_began.append(bool(route.reached))

    monkeypatch.setattr(desk, "order", order)
    monkeypatch.setattr(orders, "_SECONDS_A_STOP_WAITS", 0.01)
    assert call(BODY).status_code == 200
    assert entered_after_it_began == [True]


@pytest.mark.parametrize(
    ("conf", "named"),
    [
        ({}, "action: Field required; use_case: Field required; reason: Field required"),
        (None, "action: Field required"),
        ({**CONF, "action": "explode"}, "action: Input should be 'stop', 'roll_back', 'resume' or 'retire'"),
        ({**CONF, "reason": ""}, "reason: String should have at least 1 character"),
        ({**CONF, "reason": "x" * 1001}, "reason: String should have at most 1000 characters"),
        ({**CONF, "to_version": 0}, "to_version"),
        ({**CONF, "to_version": "2"}, "to_version: Input should be a valid integer"),
        ({**CONF, "to_version": True}, "to_version"),
        ({**CONF, "drill": "yes"}, "drill: Input should be a valid boolean"),
        ({**CONF, "use_case": ["loans"]}, "use_case: Input should be a valid string"),
        ({**CONF, "use_case": "x" * 64}, "use_case: String should have at most 63 characters"),
    ],
)
def test_a_form_that_is_no_order_is_refused_field_by_field(
    call: Call, route: Route, desk: Desk, conf: Any, named: str
) -> None:
    answer = call({"logical_date": None, "conf": conf})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Nothing was ordered: ") and named in answer.json()["detail"]
    assert (route.reached, desk.given) == ([], [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"[" * 100_000,
        b"\xff",
        {"conf": CONF},
        {**BODY, "conf": [1]},
        {**BODY, "x": 1},
    ],
)
def test_what_airflow_refuses_as_malformed_reaches_it_as_it_is(
    call: Call, route: Route, desk: Desk, body: bytes | dict[str, Any]
) -> None:
    call(body)
    assert [each[3] for each in route.reached] == [body if isinstance(body, bytes) else json.dumps(body).encode()]
    assert desk.given == []


@pytest.mark.parametrize("user", ["", "viewer"])
def test_whom_airflow_refuses_it_refuses_itself(call: Call, route: Route, desk: Desk, user: str) -> None:
    call(BODY, user=user)
    assert len(route.reached) == 1
    assert desk.given == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v2/dags/model_lifecycle.loans/dagRuns"),
        ("POST", f"{PATH}/list"),
        ("POST", f"{PATH}/"),
        ("PATCH", PATH),
        ("GET", PATH),
    ],
)
def test_other_requests_pass_untouched(call: Call, route: Route, desk: Desk, method: str, path: str) -> None:
    call(BODY, path=path, method=method)
    assert [each[3] for each in route.reached] == [json.dumps(BODY).encode()]
    assert desk.given == []
