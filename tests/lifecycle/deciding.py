"""People who keep a use case's lifecycles running and decide at every gate, whatever is down at the moment."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from tests.lifecycle.following import ANSWER, Lifecycle
from tests.running_stack import RunningStack

from model_governance.domain.decision import Gate
from model_governance.errors import GovernanceError

_Answer = TypeVar("_Answer")
_OUTAGES = (httpx.HTTPError, BotoCoreError, ClientError, GovernanceError, ValueError, KeyError)
APPROVERS = {
    Gate.USE_CASE: "business-approver",
    Gate.GOVERNANCE: "governance-officer",
    Gate.PRODUCTION: "production-approver",
}
CHANNELS = ("task-instance mark", "command line", "registry")
_MOST_REPAIRS = 20


@dataclass(frozen=True)
class Acknowledged:
    """A decision that some channel has answered with success.

    Attributes:
        run_id: The run whose gate it was.
        gate: The gate.
        actor: Who decided.
        channel: By which channel.
    """

    run_id: str
    gate: Gate
    actor: str
    channel: str


@dataclass
class Lifecycles:
    """One use case's lifecycles, one after the other, until told to stop; the last one is brought to its end.

    Attributes:
        stack: Where they run.
        use_case: The use case.
        seed: Of the channels that decisions come by.
        patience: Seconds that one run may take.
        ended: Run ids of those that ended in success.
        acknowledged: What was decided.
        repairs: Tasks of a failed run cleared, by run: the ordinary means.
        started: Set once the first run is under way.
    """

    stack: RunningStack
    use_case: str
    seed: int
    patience: float
    ended: list[str] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    repairs: dict[str, list[str]] = field(default_factory=dict)
    started: threading.Event = field(default_factory=threading.Event)

    def run(self, *, told: Callable[[str], None], stopped: threading.Event) -> None:
        """Runs lifecycles; blocks.

        Raises:
            AssertionError: One of them neither ended nor could be brought to its end.
        """
        chance = random.Random(self.seed)
        while not stopped.is_set() or not self.ended:
            began = time.monotonic()
            lifecycle = Lifecycle(self.stack, self.use_case, f"run-{len(self.ended) + 1}")
            self._until(lambda each=lifecycle: _is_started(each), "it could be started")
            self.started.set()
            self._until(lambda each=lifecycle: self._has_ended(each, chance), f"{lifecycle.run_id} ended")
            self.ended.append(lifecycle.run_id)
            told(f"{self.use_case} {lifecycle.run_id} ended after {time.monotonic() - began:.0f} s")

    def _until(self, reached: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self.patience
        said = ""
        while True:
            try:
                if reached():
                    return
            except _OUTAGES as fault:
                said = f"{type(fault).__name__}: {fault}"
            assert time.monotonic() < deadline, f"{self.use_case}: not within {self.patience} s: {what} ({said})"
            time.sleep(1)

    def _has_ended(self, lifecycle: Lifecycle, chance: random.Random) -> bool:
        state = lifecycle.run_state()
        if state == "failed":
            self._repair(lifecycle)
        elif state != "success":
            states = lifecycle.states()
            decided = {each.gate for each in self.acknowledged if each.run_id == lifecycle.run_id}
            for gate in Gate:
                if gate not in decided and states.get(f"{gate.value}_approval.wait") == "deferred":
                    self._decide(lifecycle, gate, chance.choice(CHANNELS))
        return state == "success"

    def _repair(self, lifecycle: Lifecycle) -> None:
        """What somebody on call does: clears what failed, so that it runs again, or what its refusal asks for.

        An endpoint that is killed while it is tested has failed its validation: that is evidence, and the gate says so.
        """
        failed = sorted(task for task, state in lifecycle.states().items() if state == "failed")
        failed = ["test_deployment.validate" if each == "production_approval.request" else each for each in failed]
        cleared = self.repairs.setdefault(lifecycle.run_id, [])
        assert len(cleared) < _MOST_REPAIRS, (
            f"{self.use_case} {lifecycle.run_id} cannot be brought to its end: {cleared}"
        )
        lifecycle.clear(*failed)
        cleared.extend(failed)

    def _decide(self, lifecycle: Lifecycle, gate: Gate, channel: str) -> None:
        """One attempt by one channel; on record here only if the channel said that it was taken."""
        actor = APPROVERS[gate]
        decide = {"task-instance mark": _mark, "command line": _command, "registry": _set_status}[channel]
        if decide(lifecycle, gate, actor):
            self.acknowledged.append(Acknowledged(lifecycle.run_id, gate, actor, channel))


def _is_started(lifecycle: Lifecycle) -> bool:
    body: dict[str, Any] = {"dag_run_id": lifecycle.run_id, "logical_date": None, "conf": {}}
    answer = lifecycle.call("data-scientist", "POST", f"/api/v2/dags/{lifecycle.dag_id}/dagRuns", body)
    return answer.status_code in (200, 409)  # 409: the first answer was lost


def _mark(lifecycle: Lifecycle, gate: Gate, actor: str) -> bool:
    return bool(lifecycle.mark(actor, f"{gate.value}_approval.wait", "success", ANSWER).status_code == 200)


def _command(lifecycle: Lifecycle, gate: Gate, actor: str) -> bool:
    done = lifecycle.command(actor, "approve", lifecycle.use_case, gate.value, "--comment", ANSWER)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode == 0


def _set_status(lifecycle: Lifecycle, gate: Gate, actor: str) -> bool:
    client = lifecycle.stack.client(actor, "sagemaker")
    if gate is Gate.USE_CASE:
        client.update_model_card(ModelCardName=lifecycle.use_case, ModelCardStatus="Approved")
        return True
    versions = lifecycle.installation().registry.versions(lifecycle.use_case)
    newest = max(versions, key=lambda each: each.version).arn
    status: dict[str, Any] = {"ModelApprovalStatus": "Approved", "ApprovalDescription": ANSWER}
    if gate is Gate.PRODUCTION:
        status = {
            "ModelLifeCycle": {"Stage": "Production", "StageStatus": "Approved", "StageDescription": ANSWER},
        }
    client.update_model_package(ModelPackageArn=newest, **status)
    return True
