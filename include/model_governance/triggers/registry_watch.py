"""What the waiting triggers ask of the registry and the ledger, in calls that block; apart, as a trigger must not.

The triggerer acts as ``decision-service``: by the credentials of its own process, never by an Airflow connection. Any
task can fetch any connection that the web server can see, so a connection would hand those credentials to DAG code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from model_governance.decisions.adjudicate import adjudicate
from model_governance.decisions.decide import publish_decision
from model_governance.decisions.outcome import Adjudication, Outcome
from model_governance.decisions.publish import note_on_card
from model_governance.decisions.record import was_taken_down
from model_governance.decisions.subject import locate_subject
from model_governance.domain.decision import Gate
from model_governance.domain.ledger import Entry
from model_governance.errors import RecordMissing
from model_governance.hooks.changes import RegistryChanges
from model_governance.hooks.installation import Installation


@cache
def deciding_installation() -> Installation:
    """The installation under the process's own principal; one for the process, so that a ledger is read once."""
    return Installation.load()


@dataclass(frozen=True)
class RegistryWatch:
    """The one look-out of a triggerer."""

    changes: RegistryChanges

    @classmethod
    def open(cls) -> RegistryWatch:
        """A look-out from now on, with all that a decision will need made ready."""
        installation = deciding_installation()
        installation.warm_up()
        return cls(installation.changes())

    def changed_use_cases(self) -> frozenset[str]:
        """Names of the use cases of which a card or a version changed since the last look.

        Raises:
            AccessRefused, ServiceUnavailable: As the registry answers; nothing is lost by it.
        """
        return frozenset(use_case_of(change.subject) for change in self.changes.poll())


def use_case_of(arn: str) -> str:
    """The use case that a card's or a model package's ARN belongs to: ``...:model-package/<use case>/<version>``."""
    return arn.rsplit(":", 1)[-1].split("/")[1]


def look(gate: Gate, use_case: str, run_id: str, publish: Callable[[Entry], None]) -> Adjudication:
    """How a gate stands, after whatever was set in the registry has been taken as a decision or undone.

    Args:
        gate: The gate.
        use_case: The use case's name.
        run_id: The DAG run whose candidate the gate is about.
        publish: Sees to it that the head of a decision is published once the gate's task has been let go; the version's
            card has been told before that, as the stage that follows writes it.

    Raises:
        RecordMissing: There is no such card or candidate, and no clean-up has taken it down.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    installation = deciding_installation()

    def note_and_publish(installation: Installation, entry: Entry) -> None:
        note_on_card(installation, entry)
        publish(entry)

    try:
        subject = None if gate is Gate.USE_CASE else locate_subject(installation, gate, use_case, run_id)
        return adjudicate(installation, gate, use_case, subject, note_and_publish)
    except RecordMissing:
        if not was_taken_down(installation.ledger(use_case).entries(), run_id):
            raise
        return Adjudication(Outcome.TAKEN_DOWN, f"what run {run_id} made has been taken down; start a new run")


def publish(entry: Entry) -> None:
    """Tells the witnesses of a decision, all but the version's card.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise; the watch publishes what was not.
    """
    publish_decision(deciding_installation(), entry, on_card=False)
