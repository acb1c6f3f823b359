"""The plugin's own routes before the real registry, ledger and store; who is signed in to Airflow is given here."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from tests.model_governance.decisions.conftest import Case, case

from model_governance.domain.decision import Gate
from model_governance.domain.ledger import EntryKind
from model_governance.errors import ServiceUnavailable
from model_governance.web import routes
from model_governance.web.desk import GovernanceDesk

__all__ = ["case"]  # the fixture

Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(case: Case, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """A request by a user of Airflow; ``viewer`` may only see."""

    async def user_of(scope: Any) -> Any:
        name = dict(scope["headers"]).get(b"user", b"").decode()
        return SimpleNamespace(get_name=lambda: name) if name else None

    desk = GovernanceDesk()
    desk.__dict__["installation"] = case.decisions
    monkeypatch.setattr(routes, "signed_in_user", user_of)
    monkeypatch.setattr(
        routes, "may_on_task_instances", lambda user, dag, right: right == "GET" or user.get_name() != "viewer"
    )
    monkeypatch.setattr(routes, "_desk", lambda: desk)

    def request(method: str, path: str, user: str = "governance-officer", **arguments: Any) -> httpx.Response:
        import asyncio

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(routes.API["app"])
            async with httpx.AsyncClient(transport=transport, base_url="http://airflow") as client:
                headers = {**({"user": user} if user else {}), **arguments.pop("headers", {})}
                return await client.request(method, path, headers=headers, **arguments)

        return asyncio.run(send())

    return request


def gate_of(case: Case, gate: str = "governance") -> str:
    return f"/use-cases/{case.name}/gates/{gate}"


def test_a_gate_tells_how_it_stands(case: Case, ask: Ask) -> None:
    case.governed()
    answer = ask("GET", gate_of(case), user="viewer", params={"version": "1"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "waiting"
    assert answer.json()["subject"] == f"{case.name} version 1"


def test_whoever_may_decides_and_the_registry_says_so(case: Case, ask: Ask) -> None:
    arn = case.governed()
    answer = ask(
        "POST", f"{gate_of(case)}/decisions", json={"verdict": "approve", "comment": "read it all", "version": 1}
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "open")
    assert answer.json()["decided_by"] == ["governance-officer"]
    [decision] = [
        e.body
        for e in case.decisions.ledger(case.name).entries()
        if e.body.get("gate") == "governance" and e.kind is EntryKind.DECISION
    ]
    assert (decision["channel"], decision["comment"]) == ("web", "read it all")
    assert case.pipeline.registry.describe(arn).approval_status == "Approved"
    assert case.open(Gate.GOVERNANCE).decisions


def test_an_approval_may_be_given_for_a_time(case: Case, ask: Ask) -> None:
    case.governed()
    said = {
        "version": 1,
        "verdict": "approve",
        "comment": "so far",
        "until": "2099-12-31",
        "condition": "weekly review",
    }
    answer = ask("POST", f"{gate_of(case)}/decisions", json=said)
    assert answer.status_code == 200, answer.text
    assert answer.json()["holds_until"] is not None


@pytest.mark.parametrize(
    ("user", "word"), [("model-owner", "owner"), ("production-approver", "role"), ("nobody-known", "people.yaml")]
)
def test_whoever_may_not_is_refused_and_the_attempt_is_on_record(case: Case, ask: Ask, user: str, word: str) -> None:
    case.governed()
    answer = ask(
        "POST", f"{gate_of(case)}/decisions", user=user, json={"verdict": "approve", "comment": "mine", "version": 1}
    )
    assert answer.status_code == 403
    assert word in answer.json()["detail"]
    [refusal] = [e.body for e in case.decisions.ledger(case.name).entries() if e.kind is EntryKind.REFUSAL]
    assert (refusal["principal"], refusal["channel"], refusal["reason"]) == (user, "web", answer.json()["detail"])


def test_without_sign_in_or_right_nothing_is_read(case: Case, ask: Ask) -> None:
    path = f"{gate_of(case)}/decisions"
    assert ask("GET", gate_of(case), user="").status_code == 401
    assert ask("POST", path, user="", json={"verdict": "approve"}).status_code == 401
    refused = ask("POST", path, user="viewer", json={"verdict": "approve"})
    assert refused.status_code == 403
    assert "has no right in Airflow" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 422, "Invalid JSON"),
        ({"json": {"verdict": "maybe"}}, 422, "verdict"),
        ({"json": {"verdict": "approve", "actor": "admin"}}, 422, "actor: Extra inputs are not permitted"),
        ({"json": {"verdict": "approve", "comment": "x" * 1025}}, 422, "at most 1024 characters"),
        ({"json": {"verdict": "reject", "until": "2099-01-01"}}, 422, "until and condition are an approval's"),
        ({"json": {"verdict": "approve", "version": 0}}, 422, "version"),
        ({"json": {"verdict": "approve", "version": 9}}, 404, "has no version 9"),
        ({"json": {"verdict": "approve"}}, 422, "which one the governance gate is decided for must be said"),
        ({"json": {"verdict": "approve", "version": 1, "condition": "c"}}, 403, "needs the last day"),
        ({"data": {"verdict": "approve"}}, 415, "send application/json"),
        ({"content": b" " * 70000, "headers": {"content-type": "application/json"}}, 413, "more than 65536 bytes"),
    ],
    ids=str,
)
def test_nonsense_is_refused_with_the_reason(
    case: Case, ask: Ask, arguments: dict[str, Any], status: int, said: str
) -> None:
    case.governed()
    answer = ask("POST", f"{gate_of(case)}/decisions", **arguments)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]


def test_what_is_not_there_is_told(case: Case, ask: Ask) -> None:
    assert "there is no gate 'moon'" in ask("GET", gate_of(case, "moon")).json()["detail"]
    assert ask("GET", "/use-cases/no-such/gates/governance").status_code == 404
    assert ask("GET", gate_of(case), params={"version": "x"}).status_code == 422
    assert ask("GET", f"{gate_of(case)}/decisions").status_code == 405


def test_a_registry_out_of_reach_is_an_outage_and_decides_nothing(
    case: Case, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.governed()

    def gone(*_: Any, **__: Any) -> Any:
        raise ServiceUnavailable("the registry does not answer")

    monkeypatch.setattr("model_governance.decisions.address.named_subject", gone)
    answer = ask("POST", f"{gate_of(case)}/decisions", json={"verdict": "approve", "version": 1})
    assert (answer.status_code, answer.json()["detail"]) == (503, "the registry does not answer")
