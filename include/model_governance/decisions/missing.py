"""What is still missing before a gate, item by item: for the command line, the pages and the gate's own refusal."""

from __future__ import annotations

from model_governance.decisions.evaluation import changed_reports, evaluate_record, observe
from model_governance.decisions.in_force import people_in_force, policy_in_force
from model_governance.decisions.record import read_record
from model_governance.decisions.request import draft_request, missing_from
from model_governance.decisions.subject import Standing, Subject, locate_subject, read_subject
from model_governance.domain.decision import Gate
from model_governance.domain.gate import GateState, GateVerdict
from model_governance.domain.shortfall import MissingItem
from model_governance.hooks.installation import Installation


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
    policy, people = policy_in_force(installation), people_in_force(installation)
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
