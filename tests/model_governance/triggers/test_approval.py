"""Waiting for a decision, on the real registry and ledger, with Airflow's own sharing of one poll."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from airflow.triggers.base import TaskFailedEvent, TaskSuccessEvent, TriggerEvent
from airflow.triggers.shared_stream import SharedStreamManager
from tests.model_governance.decisions.conftest import Case

from model_governance.cli.clean_up import take_down
from model_governance.cli.leavings import Leavings
from model_governance.decisions.outcome import Adjudication, Outcome
from model_governance.decisions.publish import head_on_card, published_heads, witnessed_heads
from model_governance.domain.decision import DecisionVerdict, Gate
from model_governance.domain.head import PublishedHead
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.errors import ServiceUnavailable
from model_governance.hooks.model_registry import ApprovalStatus
from model_governance.triggers import approval, registry_watch
from model_governance.triggers.approval import ApprovalTrigger


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_GOVERNANCE_POLL_SECONDS", "0.1")


@pytest.fixture
def waiting_case(case: Case, monkeypatch: pytest.MonkeyPatch) -> Case:
    """A use case whose triggers act as ``decision-service``, as the triggerer does."""
    monkeypatch.setattr(registry_watch, "deciding_installation", lambda: case.decisions)
    return case


def trigger_of(case: Case, gate: Gate) -> ApprovalTrigger:
    return ApprovalTrigger(use_case=case.name, gate=gate.value, run_id=case.run_id)


@contextmanager
def polled() -> Iterator[list[int]]:
    """Counts the looks at the registry's changes."""
    looks: list[int] = []
    original = registry_watch.RegistryWatch.changed_use_cases

    def counted(self: registry_watch.RegistryWatch) -> frozenset[str]:
        looks.append(1)
        return original(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry_watch.RegistryWatch, "changed_use_cases", counted)
        yield looks


async def wait_all(triggers: list[ApprovalTrigger], then: Callable[[], Any] | None = None) -> list[TriggerEvent]:
    """Runs the triggers as the triggerer does, on one shared stream; ``then`` runs once all of them wait."""
    manager = SharedStreamManager()
    looked = [asyncio.Event() for _ in triggers]
    loop = asyncio.get_running_loop()
    for trigger, event in zip(triggers, looked, strict=True):
        look = trigger.look
        trigger.look = _announcing(look, lambda event=event: loop.call_soon_threadsafe(event.set))  # type: ignore[method-assign]

    async def first_event(number: int, trigger: ApprovalTrigger) -> TriggerEvent:
        key = trigger.shared_stream_key()
        stream = manager.subscribe(trigger_id=number, trigger=trigger, key=key)
        try:
            return await anext(trigger.filter_shared_stream(stream))
        finally:
            await manager.unsubscribe(number, key)

    waiting = [asyncio.create_task(first_event(number, trigger)) for number, trigger in enumerate(triggers)]
    await asyncio.gather(*(event.wait() for event in looked))
    if then is not None:
        assert not any(task.done() for task in waiting)
        await asyncio.to_thread(then)
    return list(await asyncio.wait_for(asyncio.gather(*waiting), 60))


def _announcing(look: Callable[[], Adjudication], announce: Callable[[], Any]) -> Callable[[], Adjudication]:
    def looked() -> Adjudication:
        found = look()
        announce()
        return found

    return looked


def test_an_approval_ends_the_task_with_success(waiting_case: Case) -> None:
    arn = waiting_case.governed()
    events = asyncio.run(
        wait_all([trigger_of(waiting_case, Gate.GOVERNANCE)], lambda: waiting_case.decide(Gate.GOVERNANCE, arn))
    )
    assert [type(event) for event in events] == [TaskSuccessEvent]


def test_a_rejection_ends_the_task_and_its_log_says_who_and_why(
    waiting_case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    arn = waiting_case.governed()
    reject = lambda: waiting_case.decide(Gate.GOVERNANCE, arn, DecisionVerdict.REJECT, comment="too few rows")  # noqa: E731
    events = asyncio.run(wait_all([trigger_of(waiting_case, Gate.GOVERNANCE)], reject))
    assert [type(event) for event in events] == [TaskFailedEvent]
    said = capsys.readouterr().out
    assert "rejected by governance-officer as governance_officer: too few rows" in said


def test_a_task_that_runs_again_sees_the_decision_at_once(waiting_case: Case) -> None:
    arn = waiting_case.governed()
    waiting_case.decide(Gate.GOVERNANCE, arn)
    events = asyncio.run(wait_all([trigger_of(waiting_case, Gate.GOVERNANCE)]))
    assert [type(event) for event in events] == [TaskSuccessEvent]
    assert len(waiting_case.entries(EntryKind.DECISION)) == 2


def test_a_waiter_whose_candidate_was_taken_down_ends_and_says_so(
    waiting_case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting_case.governed()
    caretaker = waiting_case.principal("caretaker")
    take_down(caretaker, Leavings.of(caretaker, waiting_case.name))
    events = asyncio.run(wait_all([trigger_of(waiting_case, Gate.GOVERNANCE)]))
    assert [type(event) for event in events] == [TaskFailedEvent]
    assert "what run manual__1 made has been taken down" in capsys.readouterr().out


def test_a_status_set_by_boto3_becomes_a_decision(waiting_case: Case) -> None:
    arn = waiting_case.governed()

    def approve() -> None:
        waiting_case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "seen")

    events = asyncio.run(wait_all([trigger_of(waiting_case, Gate.GOVERNANCE)], approve))
    assert [type(event) for event in events] == [TaskSuccessEvent]
    assert waiting_case.entries(EntryKind.DECISION)[-1].body["actor"] == "governance-officer"


def test_all_waiters_share_one_poll_and_one_decision_on_a_card_ends_them_all(waiting_case: Case) -> None:
    card = waiting_case.card()
    waiting_case.request(Gate.USE_CASE)
    with polled() as looks:
        triggers = [trigger_of(waiting_case, Gate.USE_CASE) for _ in range(20)]
        counted: list[int] = []

        def decide() -> None:
            counted.append(len(looks))
            waiting_case.decide(Gate.USE_CASE, card)

        events = asyncio.run(wait_all(triggers, decide))
    assert {type(event) for event in events} == {TaskSuccessEvent}
    assert len({trigger.shared_stream_key() for trigger in triggers}) == 1
    assert len(looks) > counted[0]


def test_a_decision_lets_its_task_go_first_and_is_published_afterwards_whatever_faults_come_between(
    waiting_case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = waiting_case.governed()
    waiting_case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "seen")
    let_go, publish, tries = threading.Event(), registry_watch.publish, []

    def publish_at_the_third_try(entry: Entry) -> None:
        assert let_go.wait(30)
        tries.append(entry)
        if len(tries) < 3:
            raise ServiceUnavailable("the witness cannot be written")
        publish(entry)

    monkeypatch.setattr(registry_watch, "publish", publish_at_the_third_try)
    decision = lambda: PublishedHead.of(waiting_case.entries(EntryKind.DECISION)[-1])  # noqa: E731

    def places() -> int:
        heads = [each.head for each in published_heads(waiting_case.pipeline, waiting_case.name)]
        return heads.count(decision())

    async def until_published() -> None:
        [event] = await wait_all([trigger_of(waiting_case, Gate.GOVERNANCE)])
        assert type(event) is TaskSuccessEvent
        on_card = head_on_card(waiting_case.package(arn))  # which the next stage reads, changes and writes
        assert on_card is not None
        assert on_card.head == decision()
        assert decision() not in {each.head for each in witnessed_heads(waiting_case.pipeline, waiting_case.name)}
        let_go.set()
        while places() < 3:
            await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(until_published(), 60))
    assert len(tries) == 3


class Scripted(ApprovalTrigger):
    """Finds what it is told, whatever the registry says."""

    script: list[Adjudication | Exception]

    def look(self) -> Adjudication:
        found = self.script.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


async def _poll_that_says_nothing() -> AsyncIterator[None]:
    await asyncio.Event().wait()
    yield


def _events(script: list[Adjudication | Exception], changed: list[str], monkeypatch: Any) -> list[TriggerEvent]:
    monkeypatch.setattr(approval, "pause", lambda failures: 0)
    trigger = Scripted("loans", "governance", "manual__1")
    trigger.script = script

    async def collect() -> list[TriggerEvent]:
        room = approval._room_of(asyncio.get_running_loop())

        async def change() -> None:
            for use_case in changed:
                await asyncio.sleep(0.05)
                room.wake({use_case})

        changing = asyncio.create_task(change())
        events = [event async for event in trigger.filter_shared_stream(_poll_that_says_nothing())]
        await changing
        return events

    return asyncio.run(collect())


def test_an_outage_fails_no_waiter(monkeypatch: pytest.MonkeyPatch) -> None:
    outage = ServiceUnavailable("the registry is away")
    script = [outage, Adjudication(Outcome.WAITING), outage, OSError("reset"), Adjudication(Outcome.APPROVED)]
    events = _events(script, ["loans"], monkeypatch)
    assert [type(event) for event in events] == [TaskSuccessEvent]


def test_a_status_that_nobody_on_record_has_set_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    script: list[Adjudication | Exception] = [Adjudication(Outcome.UNATTRIBUTED), Adjudication(Outcome.REJECTED)]
    assert [type(event) for event in _events(script, [], monkeypatch)] == [TaskFailedEvent]


def test_changes_of_other_use_cases_wake_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    script: list[Adjudication | Exception] = [Adjudication(Outcome.WAITING), Adjudication(Outcome.APPROVED)]
    assert len(_events(script, ["cards", "accounts", "loans"], monkeypatch)) == 1
    assert script == []


def test_the_shared_poll_goes_on_after_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[frozenset[str] | Exception] = [ServiceUnavailable("away"), frozenset(), frozenset({"loans"})]

    class Watch:
        def changed_use_cases(self) -> frozenset[str]:
            answer = answers.pop(0) if answers else frozenset()
            if isinstance(answer, Exception):
                raise answer
            return answer

    watches: list[Watch | Exception] = [ServiceUnavailable("no bucket yet"), Watch()]

    def open_watch() -> Watch:
        watch = watches.pop(0)
        if isinstance(watch, Exception):
            raise watch
        return watch

    monkeypatch.setattr(approval, "pause", lambda failures: 0)
    monkeypatch.setattr(ApprovalTrigger, "open_watch", staticmethod(open_watch))

    async def woken() -> None:
        with approval._room_of(asyncio.get_running_loop()).waiting_for("loans") as waiter:
            poll = asyncio.create_task(anext(ApprovalTrigger.open_shared_stream({})))
            await waiter.until_woken()
            poll.cancel()

    asyncio.run(asyncio.wait_for(woken(), 30))
    assert answers == []


async def _poll_that_fails() -> AsyncIterator[None]:
    raise ServiceUnavailable("the poll is no more")
    yield


def test_a_waiter_does_not_outlive_the_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    trigger = Scripted("loans", "governance", "manual__1")
    trigger.script = [Adjudication(Outcome.WAITING)]

    async def wait() -> None:
        await anext(trigger.filter_shared_stream(_poll_that_fails()))

    with pytest.raises(ServiceUnavailable, match="no more"):
        asyncio.run(wait())


def test_a_trigger_is_made_again_from_its_own_fields_alone() -> None:
    path, fields = ApprovalTrigger("loans", "governance", "manual__1").serialize()
    assert path == "model_governance.triggers.approval.ApprovalTrigger"
    assert fields == {"use_case": "loans", "gate": "governance", "run_id": "manual__1"}


@pytest.mark.parametrize(
    ("arn", "use_case"),
    [
        ("arn:aws:sagemaker:us-east-1:111122223333:model-package/loan-approval/12", "loan-approval"),
        ("arn:aws:sagemaker:us-east-1:111122223333:model-card/loan-approval", "loan-approval"),
    ],
)
def test_a_change_belongs_to_the_use_case_in_its_arn(arn: str, use_case: str) -> None:
    assert registry_watch.use_case_of(arn) == use_case


def test_pauses_grow_with_failures_and_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_GOVERNANCE_POLL_SECONDS", "1")
    assert [approval.pause(failures) for failures in (0, 1, 2, 5, 1000)] == [1, 2, 4, 30, 30]
