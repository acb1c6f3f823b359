"""The middleware of orders before a small application that answers as Airflow's route would."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable
from queue import Queue
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
    RequestRefused,
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
        self.withdrawn: Queue[tuple[str, str, str]] = Queue()
        self.fault: Exception | None = None

    def order(self, form: OrderForm, order_id: str, username: str) -> None:
        if self.fault:
            raise self.fault
        self.given.append((form, order_id, username))

    def withdraw(self, form: OrderForm, order_id: str, username: str, why: str) -> None:
        self.withdrawn.put((order_id, username, why))


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

    def request(
        body: Any, user: str = "olivia", path: str = PATH, method: str = "POST", kind: str | None = "application/json"
    ) -> httpx.Response:
        async def send_it() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=middleware), base_url="http://airflow"
            ) as client:
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                headers = {**({"user": user} if user else {}), **({"content-type": kind} if kind is not None else {})}
                return await client.request(method, path, content=content, headers=headers)

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


@pytest.mark.parametrize("fault", [DecisionRefused("no role for it"), DecisionRefused("an old order")])
def test_a_refusal_says_why_and_no_run_begins(call: Call, route: Route, desk: Desk, fault: GovernanceError) -> None:
    desk.fault = fault
    answer = call(BODY)
    assert (answer.status_code, answer.json()) == (403, {"detail": f"Nothing was ordered: {fault}"})
    assert answer.headers[answers.ANSWER_HEADER] == "refused"
    assert route.reached == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (ServiceUnavailable("away"), 503),
        (LedgerBroken("entry 1: changed"), 403),
        (AccessRefused("no key"), 403),
        (RequestRefused("the key is disabled"), 403),
        (RecordMissing("no public key"), 403),
    ],
)
def test_what_cannot_be_entered_begins_no_run_but_for_a_stop(
    call: Call, route: Route, desk: Desk, fault: GovernanceError, status: int
) -> None:
    desk.fault = fault
    for action in ("resume", "roll_back", "retire"):
        answer = call({**BODY, "dag_run_id": action, "conf": {**CONF, "action": action}})
        assert (answer.status_code, answer.json()) == (status, {"detail": f"Nothing was ordered: {fault}"})
        assert desk.withdrawn.get(timeout=30)[0] == f"production_control/{action}", "the put may have arrived"
    assert route.reached == []
    assert call(BODY).status_code == 200
    assert len(route.reached) == 1


def test_a_stop_is_refused_to_who_may_not_stop_and_for_no_fault_of_ours(call: Call, route: Route, desk: Desk) -> None:
    desk.fault = ZeroDivisionError("a fault of ours")
    assert call(BODY).status_code == 200
    desk.fault = DecisionRefused("no role for it")
    assert call(BODY).status_code == 403
    assert len(route.reached) == 1


@pytest.mark.parametrize("status", [400, 404, 422, 500])
def test_an_order_whose_run_airflow_refuses_is_withdrawn(call: Call, route: Route, desk: Desk, status: int) -> None:
    route.always = status
    assert call({**BODY, "dag_run_id": "mine"}).status_code == status
    assert desk.withdrawn.get(timeout=30) == ("production_control/mine", "olivia", f"Airflow answered {status}")


def test_an_order_of_a_request_that_was_sent_again_stands(call: Call, route: Route, desk: Desk) -> None:
    """The run of the first one is there and carries it out."""
    route.always = 409
    call({**BODY, "dag_run_id": "mine"})
    route.always = 500
    call({**BODY, "dag_run_id": "other"})
    assert desk.withdrawn.get(timeout=30)[0] == "production_control/other"


@pytest.mark.parametrize(
    "kind",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"],
)
def test_what_does_not_say_that_it_is_json_orders_nothing(
    call: Call, route: Route, desk: Desk, kind: str | None
) -> None:
    """Another site's form can send it in the name of who is signed in; Airflow reads no JSON in it."""
    call(BODY, kind=kind)
    assert [each[3] for each in route.reached] == [json.dumps(BODY).encode()]
    assert desk.given == []


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"])
def test_json_by_any_of_its_names_is_an_order(call: Call, desk: Desk, kind: str) -> None:
    assert call(BODY, kind=kind).status_code == 200
    assert len(desk.given) == 1


def test_orders_that_hang_hold_up_no_stop(monkeypatch: pytest.MonkeyPatch, route: Route, desk: Desk) -> None:
    """More of them than there are threads, to a store that does not answer until the stop has begun."""
    begun = threading.Event()

    async def user_of(_: Any) -> Any:
        return SimpleNamespace(get_name=lambda: "olivia")

    def order(form: OrderForm, *_: str) -> None:
        assert form.action == "stop" or begun.wait(30), "the stop waited"

    monkeypatch.setattr(orders, "signed_in_user", user_of)
    monkeypatch.setattr(orders, "may_trigger", lambda *_: True)
    monkeypatch.setattr(desk, "order", order)
    middleware = orders.OrderMiddleware(route, desk)

    async def send_them() -> list[int]:
        transport = httpx.ASGITransport(app=middleware)
        async with httpx.AsyncClient(transport=transport, base_url="http://airflow", timeout=60) as client:
            resume = {**BODY, "conf": {**CONF, "action": "resume"}}
            hanging = [asyncio.create_task(client.post(PATH, json=resume)) for _ in range(12)]
            await asyncio.sleep(0)
            stopped = await client.post(PATH, json=BODY)
            begun.set()
            return [stopped.status_code, *(each.status_code for each in await asyncio.gather(*hanging))]

    assert asyncio.run(send_them()) == [200] * 13


def test_a_stop_does_not_wait_for_a_ledger_that_does_not_answer(
    call: Call, route: Route, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered_after_it_began: Queue[bool] = Queue()

    def order(*_: Any) -> None:
        until = time.monotonic() + 30
        while not route.reached and time.monotonic() < until:
            time.sleep(0.01)
        entered_after_it_began.put(bool(route.reached))

    monkeypatch.setattr(desk, "order", order)
    monkeypatch.setattr(orders, "_SECONDS_A_STOP_WAITS", 0.01)
    assert call(BODY).status_code == 200
    assert entered_after_it_began.get(timeout=60)


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
    """And nobody's order of the id in the request is withdrawn for it."""
    route.always = 403
    call({**BODY, "dag_run_id": "another's"}, user=user)
    assert len(route.reached) == 1
    assert desk.given == []
    call({**BODY, "dag_run_id": "mine"})
    assert desk.withdrawn.get(timeout=30)[0] == "production_control/mine"


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
