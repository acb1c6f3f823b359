"""Two approvals from two groups, in a real Airflow: the first by each channel is recorded, and the gate waits on."""

from __future__ import annotations

import time

import pytest
from tests.lifecycle.conftest import TWO_APPROVALS
from tests.lifecycle.following import Lifecycle
from tests.running_stack import RunningStack

from model_governance.domain.ledger import EntryKind
from model_governance.hooks.model_cards import CardStatus

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

WAIT = "use_case_approval.wait"


@pytest.fixture(scope="module")
def waiting(stack: RunningStack) -> dict[str, Lifecycle]:
    """A use case for each channel that a first approval comes by, all waiting at the first gate."""
    started = {channel: Lifecycle(stack, name).start() for channel, name in TWO_APPROVALS.items()}
    for lifecycle in started.values():
        lifecycle.wait_for(WAIT, "deferred")
    return started


def decide(lifecycle: Lifecycle, person: str, channel: str) -> str:
    """Approves, and returns what the channel answered."""
    if channel == "task-instance mark":
        answer = lifecycle.mark(person, WAIT, "success", "read")
        assert answer.status_code in (200, 409), answer.text
        return str(answer.json().get("detail", ""))
    if channel == "web":
        path = f"/model-governance/api/use-cases/{lifecycle.use_case}/gates/use_case/decisions"
        told = lifecycle.call(person, "POST", path, {"verdict": "approve", "comment": "read"})
        assert told.status_code == 200, told.text
        assert told.json()["state"] in ("waiting", "open")
        return "; ".join(told.json()["reasons"])
    if channel == "command line":
        done = lifecycle.command(person, "approve", lifecycle.use_case, "use_case", "--comment", "read")
        assert done.returncode == 0, done.stderr
        return done.stdout
    client = lifecycle.stack.client(person, "sagemaker")
    client.update_model_card(ModelCardName=lifecycle.use_case, ModelCardStatus="Approved")
    return settled(lifecycle)


def settled(lifecycle: Lifecycle) -> str:
    """What the card says once the status set by boto3 has been adjudicated."""
    deadline = time.monotonic() + 60
    while lifecycle.installation().cards.describe(lifecycle.use_case).status == CardStatus.APPROVED:
        if lifecycle.states()[WAIT] != "deferred":
            return "open"
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return "set back to pending: 1 of 2 approvals"


@pytest.mark.parametrize("channel", TWO_APPROVALS)
def test_the_first_of_two_is_recorded_and_the_gate_waits_on(waiting: dict[str, Lifecycle], channel: str) -> None:
    lifecycle = waiting[channel]
    assert "1 of 2 approvals" in decide(lifecycle, "business-approver", channel)
    assert lifecycle.decisions() == [("use_case", "approve", "business-approver", channel)]
    assert lifecycle.states()[WAIT] == "deferred"
    assert lifecycle.installation().cards.describe(lifecycle.use_case).status == CardStatus.PENDING


@pytest.mark.parametrize("channel", TWO_APPROVALS)
def test_the_same_person_and_the_same_group_count_once_by_whatever_channel(
    waiting: dict[str, Lifecycle], channel: str
) -> None:
    lifecycle = waiting[channel]
    for again in TWO_APPROVALS:
        said = decide(lifecycle, "business-approver", again)
        assert "1 of 2 approvals" in said, (again, said)
    assert len(lifecycle.decisions()) == 1
    said = decide(lifecycle, "model-owner", channel)
    assert "1 of 2 approvals" in said
    assert lifecycle.states()[WAIT] == "deferred"
    assert {actor for _, _, actor, _ in lifecycle.decisions()} == {"business-approver", "model-owner"}


@pytest.mark.parametrize("channel", TWO_APPROVALS)
def test_the_second_from_another_group_opens_the_gate(waiting: dict[str, Lifecycle], channel: str) -> None:
    lifecycle = waiting[channel]
    refused = lifecycle.mark("governance-officer", WAIT, "success", "me too")
    assert refused.status_code == 403
    decide(lifecycle, "production-approver", channel)
    lifecycle.wait_for("use_case_approval.open", "success")
    assert lifecycle.decisions()[-1] == ("use_case", "approve", "production-approver", channel)
    assert len(lifecycle.decisions()) == 3
    [refusal] = lifecycle.entries(EntryKind.REFUSAL)
    assert (refusal.body["actor"], refusal.body["channel"]) == ("governance-officer", "task-instance mark")
    assert refusal.body["reason"] == refused.json()["detail"]
    ended = lifecycle.call("admin", "PATCH", lifecycle.path, {"state": "failed"})
    assert ended.status_code == 200, ended.text
