"""What is still missing before a gate, item by item: for the command line, the pages and the gate's own refusal."""

from __future__ import annotations

from dataclasses import dataclass

from model_governance.decisions.evaluation import changed_reports, evaluate_record, observe
from model_governance.decisions.in_force import files_in_force, policy_in_force
from model_governance.decisions.record import read_record
from model_governance.decisions.request import draft_request, missing_from
from model_governance.decisions.subject import Standing, Subject, locate_subject, read_subject
from model_governance.domain.decision import Gate
from model_governance.domain.gate import GateState, GateVerdict
from model_governance.domain.outlook import Situation, shortest_way
from model_governance.domain.shortfall import MissingItem
from model_governance.errors import RecordMissing
from model_governance.hooks.installation import Installation


@dataclass(frozen=True)
class Outlook:
    """What lies between a version and production.

    Attributes:
        items: What is missing, by gate, in the order of the gates; a gate of which nothing is missing is left out.
    """

    items: dict[Gate, tuple[MissingItem, ...]]

    @property
    def next_gate(self) -> Gate | None:
        """The first gate of which something is missing; None where nothing is."""
        return next(iter(self.items), None)


def outlook(installation: Installation, use_case: str, version_arn: str | None) -> Outlook:
    """What is missing for the next stage and for production: the fewest things to do, each with owner and remedy.

    Args:
        installation: Through which to read.
        use_case: The use case's name.
        version_arn: ARN of the model package; None where the use case has no version yet.

    Raises:
        PolicyNotEntered: The policy or people file is not the version that its owner entered.
        RecordMissing: There is no such version or use case.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    policy, people = files_in_force(installation)
    card = installation.cards.find(use_case)
    if card is None or version_arn is None:
        return _without_version(installation, use_case, card.arn if card else None)
    subjects = {Gate.USE_CASE: card.arn, Gate.GOVERNANCE: version_arn, Gate.PRODUCTION: version_arn}
    situations = [_situation(installation, gate, use_case, arn) for gate, arn in subjects.items()]
    steps = shortest_way(policy, situations, people, installation.now())
    items: dict[Gate, tuple[MissingItem, ...]] = {}
    for gate, arn in subjects.items():
        found = missing_for(installation, gate, use_case, arn)
        if steps is not None:
            beside = tuple(each for each in found if each.what in _BESIDE)
            found = (*beside, *(step.item for step in steps if step.gate is gate))
        items |= {gate: found} if found else {}
    if steps is None:
        items[Gate.PRODUCTION] = (*items.get(Gate.PRODUCTION, ()), _NO_WAY)
    return Outlook(items)


_NO_WAY = MissingItem(
    what="way",
    reason="no steps lead to production: the version was rejected or superseded, or too few people may act",
    owner="author and policy owner",
    how="bring a new version, or have another person entered in the people file",
)

_BESIDE = ("model", "evidence", "registry")
"""What ``missing_for`` finds beside what the policy weighs: no model yet, reports that changed, a registry behind."""


def _situation(installation: Installation, gate: Gate, use_case: str, arn: str) -> Situation:
    policy = policy_in_force(installation)
    found = read_subject(installation, gate, use_case, arn)
    observed = observe(installation, found, policy)
    entries = installation.ledger(use_case).entries()
    record = read_record(entries, gate, found.arn)
    draft = draft_request(
        installation, found, record.request.run_id if record.request else "", entries, policy, observed
    )
    return Situation(draft, record.request, record.decisions, observed, record.oversight)


def _without_version(installation: Installation, use_case: str, card: str | None) -> Outlook:
    """Before a version is registered there is nothing to decide on but the use case."""
    if use_case not in installation.use_cases.valid:
        raise RecordMissing(f"there is no use case {use_case!r} that validates; see model-governance use-cases")
    run = MissingItem(
        what="version", reason="no candidate is registered", owner="author", how="run the lifecycle from its DAG"
    )
    first = missing_for(installation, Gate.USE_CASE, use_case, card) if card else ()
    return Outlook(({Gate.USE_CASE: first} if first else {}) | {Gate.GOVERNANCE: (run,), Gate.PRODUCTION: (run,)})


def missing_for(
    installation: Installation, gate: Gate, use_case: str, subject: str | None = None, *, run_id: str = ""
) -> tuple[MissingItem, ...]:
    """What stands between a subject and a gate: evidence, changed reports, request, decisions; empty when it is open.

    Args:
        installation: Through which to read.
        gate: The gate.
        use_case: The use case's name.
        subject: ARN of the model package or card; by default the use case's card, or the run's model package.
        run_id: The DAG run whose candidate it is, where no subject is given.

    Raises:
        RecordMissing: There is no such card or model package.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    policy, people = files_in_force(installation)
    found = read_subject(installation, gate, use_case, subject or locate_subject(installation, gate, use_case, run_id))
    observed = observe(installation, found, policy)
    entries = installation.ledger(use_case).entries()
    record = read_record(entries, gate, found.arn)
    draft = draft_request(installation, found, run_id, entries, policy, observed)
    rule = policy.rule(draft.tier, gate)
    items = list(missing_from(installation, policy, draft, found, record.oversight))
    items += [
        MissingItem(what="evidence", reason=fault, owner="author", how="run the lifecycle again")
        for fault in changed_reports(installation, draft.evidence)
    ]
    verdict = evaluate_record(installation, record, policy, observed, people)
    who = ", ".join(draft.approvers) or " or ".join(rule.roles)
    return (*items, *_undecided(verdict, found, who, something_is_missing=bool(items)))


def _undecided(verdict: GateVerdict, subject: Subject, who: str, *, something_is_missing: bool) -> list[MissingItem]:
    """What is missing beside evidence: the request, an answer, or the answer's showing in the registry.

    Args:
        verdict: How the gate stands by its record.
        subject: What it stands before.
        who: Who may decide.
        something_is_missing: Whether something is missing that has to come before a request.
    """
    reason = "; ".join(verdict.reasons)
    if verdict.state is GateState.WAITING:
        return [MissingItem(what="approval", reason=reason, owner=who, how="approve or reject")]
    if verdict.state is GateState.REJECTED:
        return [MissingItem(what="approval", reason=reason, owner="author", how="bring a new version")]
    if verdict.state is GateState.BLOCKED and not something_is_missing:
        how = "run the lifecycle to its gate, or request it again"
        return [MissingItem(what="request", reason=reason, owner="pipeline", how=how)]
    if verdict.is_open and subject.standing not in (Standing.APPROVED, Standing.BEYOND):
        says = f"decided, but the registry still says {subject.status or 'nothing'}"
        return [MissingItem(what="registry", reason=says, owner="decision-service", how="it is applied at next look")]
    return []
