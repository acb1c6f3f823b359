"""The middleware before a small application that answers as Airflow's route would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from model_governance.domain.gate import GateState, GateVerdict
from model_governance.errors import DecisionRefused, ServiceUnavailable
from model_governance.web import answers, marks, waiting_gates
from model_governance.web.mark_requests import Mark
from model_governance.web.waiting_gates import WaitingGate

RUN = "/api/v2/dags/model_lifecycle.loans/dagRuns/manual__1"
TASK = f"{RUN}/taskInstances/governance_approval.wait"
GATE = WaitingGate(
    waiting_gates.Gate.GOVERNANCE,
    "loans",
    "model_lifecycle.loans",
    "manual__1",
    "governance_approval.wait",
    -1,
    "deferred",
)


class Route:
    """Stands where Airflow's routes are: notes what reached it, and answers."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, str, str, bytes]] = []
        self.status = 200
        self.always: int | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        self.reached.append((scope["method"], scope["path"], scope["query_string"].decode(), body))
        status = self.always or (self.status if b"new_state" in body else 200)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps({"answered": scope["method"]}).encode()})


class OneGateDesk:
    """A gate that the officer may approve, and nobody else."""

    def __init__(self) -> None:
        self.decided = False
        self.fault: Exception | None = None

    def standing(self, gate: WaitingGate) -> GateVerdict:
        if self.fault:
            raise self.fault
        return GateVerdict(state=GateState.OPEN if self.decided else GateState.WAITING)

    def decide(self, gate: WaitingGate, verdict: Any, username: str, comment: str) -> GateVerdict:
        if username != "governance-officer":
            raise DecisionRefused(f"{username} may not decide")
        self.decided = True
        return self.standing(gate)

    def refused(self, *_: Any) -> None:
        """Nothing is kept here."""


@pytest.fixture
def route() -> Route:
    return Route()


@pytest.fixture
def desk() -> OneGateDesk:
    return OneGateDesk()


Call = Callable[..., httpx.Response]


@pytest.fixture
def call(route: Route, desk: OneGateDesk, monkeypatch: pytest.MonkeyPatch) -> Call:
    """A request by a user, through the middleware; whom Airflow knows, and which tasks are gates, is given here."""

    async def user_of(scope: Any) -> Any:
        name = dict(scope["headers"]).get(b"user", b"").decode()
        return SimpleNamespace(get_name=lambda: name) if name else None

    def gates_ended_by(asked: tuple[Mark, ...], dag_bag: Any) -> tuple[WaitingGate, ...]:
        return tuple(GATE for mark in asked if mark.name != "training.train")

    monkeypatch.setattr(marks, "signed_in_user", user_of)
    monkeypatch.setattr(marks, "may_on_task_instances", lambda user, dag_id, method="PUT": user.get_name() != "viewer")
    monkeypatch.setattr(waiting_gates, "gates_ended_by", gates_ended_by)
    middleware = marks.MarkMiddleware(route, desk)

    async def with_application(scope: Any, receive: Any, send: Any) -> None:
        await middleware({**scope, "app": SimpleNamespace(state=SimpleNamespace(dag_bag=None))}, receive, send)

    def request(method: str, path: str, body: Any = None, user: str = "") -> httpx.Response:
        async def send_it() -> httpx.Response:
            transport = httpx.ASGITransport(app=with_application)
            async with httpx.AsyncClient(transport=transport, base_url="http://airflow") as client:
                return await client.request(method, path, json=body, headers={"user": user} if user else {})

        return asyncio.run(send_it())

    return request


def test_an_approval_reaches_the_route_with_its_body(call: Call, route: Route, desk: OneGateDesk) -> None:
    body = {"new_state": "success", "note": "complete"}
    assert call("PATCH", TASK, body, user="governance-officer").status_code == 200
    assert desk.decided
    assert [json.loads(each[3]) for each in route.reached] == [body]


def test_a_refusal_is_a_403_with_the_reason_and_never_reaches_the_route(call: Call, route: Route) -> None:
    answer = call("PATCH", TASK, {"new_state": "success"}, user="model-owner")
    assert (answer.status_code, answer.json()) == (403, {"detail": "model-owner may not decide"})
    assert answer.headers[answers.ANSWER_HEADER] == "refused"
    assert route.reached == []


@pytest.mark.parametrize("user", ["", "viewer"])
def test_whom_airflow_refuses_it_refuses_itself(call: Call, route: Route, desk: OneGateDesk, user: str) -> None:
    call("PATCH", TASK, {"new_state": "success"}, user=user)
    assert len(route.reached) == 1
    assert not desk.decided


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"{TASK}/dry_run", {"new_state": "success"}),
        ("PATCH", TASK, {"note": "only a note"}),
        ("PATCH", TASK, {"new_state": "success", "unknown": True}),
        ("PATCH", f"{RUN}/taskInstances/training.train", {"new_state": "success"}),
        ("GET", TASK, None),
        ("POST", "/api/v2/dags/model_lifecycle.loans/clearTaskInstances", {"dag_run_id": "manual__1"}),
    ],
)
def test_everything_else_passes_untouched(
    call: Call, route: Route, desk: OneGateDesk, method: str, path: str, body: Any
) -> None:
    assert call(method, path, body, user="model-owner").status_code == 200
    assert len(route.reached) == 1
    assert not desk.decided


@pytest.mark.parametrize("status", [409, 500])
def test_a_mark_that_the_trigger_overtook_is_answered_with_the_task_as_it_is(
    call: Call, route: Route, status: int
) -> None:
    """By 409 where the trigger was first, by 500 where the database refused the second of two writers."""
    route.status = status
    answer = call("PATCH", f"{TASK}/-1", {"new_state": "success"}, user="governance-officer")
    assert (answer.status_code, answer.json()) == (200, {"answered": "GET"})
    assert route.reached[1][:3] == ("GET", f"{RUN}/taskInstances", "task_id=governance_approval.wait")


def test_the_note_of_a_mark_that_the_trigger_overtook_is_kept(call: Call, route: Route) -> None:
    route.status = 409
    body = {"new_state": "success", "note": "seen"}
    answer = call(
        "PATCH", f"{TASK}?map_index=-1&update_mask=new_state&update_mask=note", body, user="governance-officer"
    )
    assert (answer.status_code, answer.json()) == (200, {"answered": "PATCH"})
    assert route.reached[1] == ("PATCH", TASK, "map_index=-1", b'{"note": "seen"}')


@pytest.mark.parametrize("status", [409, 500])
def test_a_fault_without_a_decision_is_handed_on(call: Call, route: Route, desk: OneGateDesk, status: int) -> None:
    desk.decided = True
    route.status = status
    assert call("PATCH", TASK, {"new_state": "success"}, user="governance-officer").status_code == status


def test_a_registry_out_of_reach_marks_nothing_and_says_so(call: Call, route: Route, desk: OneGateDesk) -> None:
    desk.fault = ServiceUnavailable("sagemaker could not be reached")
    answer = call("PATCH", TASK, {"new_state": "success"}, user="governance-officer")
    assert answer.status_code == 403
    assert "try again" in answer.json()["detail"]
    assert route.reached == []


def test_a_body_in_pieces_is_read_whole(route: Route, desk: OneGateDesk, call: Call) -> None:
    pieces = [
        {"type": "http.request", "body": b'{"new_state": ', "more_body": True},
        {"type": "http.request", "body": b'"success"}', "more_body": False},
    ]

    async def receive() -> Any:
        return pieces.pop(0)

    assert asyncio.run(answers.whole_body(receive)) == b'{"new_state": "success"}'


def test_a_client_that_left_decides_nothing() -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    assert asyncio.run(answers.whole_body(receive)) is None
