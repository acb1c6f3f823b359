"""Requests: the question put to the people who may pass a gate, with the evidence as it stands; its first step."""

from __future__ import annotations

from collections.abc import Sequence

from model_governance.decisions.evaluation import changed_reports, evaluate_record, observe
from model_governance.decisions.in_force import files_in_force
from model_governance.decisions.record import GateRecord, read_record, recorded_use_case
from model_governance.decisions.subject import Standing, Subject, locate_subject, read_subject, set_standing
from model_governance.domain.decision import Gate
from model_governance.domain.gate import GateState, Observed
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.oversight import Oversight
from model_governance.domain.people import People
from model_governance.domain.policy import Policy
from model_governance.domain.request import GateRequest
from model_governance.domain.risk import assess_risk
from model_governance.domain.shortfall import MissingItem, shortfall
from model_governance.errors import ArtifactChanged, EvidenceMissing, GateClosed
from model_governance.hooks.installation import Installation


def request_approval(
    installation: Installation, gate: Gate, use_case: str, *, run_id: str = "", subject: str | None = None
) -> Entry:
    """Asks for a gate: evidence complete, registry set to pending, the request in the ledger.

    Safe to repeat: a request that still stands for the same evidence, card, artifact and policy is returned as it is,
    decided or not, and a use case that is approved is not asked for again by a retraining run.

    Args:
        installation: Through which to act; its principal may set the pending statuses and sign.
        gate: The gate.
        use_case: The use case's name.
        run_id: The DAG run that asks.
        subject: ARN of the model package or card; by default the use case's card, or the run's model package.

    Returns:
        The ledger entry that holds the ``GateRequest``.

    Raises:
        EvidenceMissing: Required evidence is absent or misses its limit; each item with its owner and what to do.
        ArtifactChanged: A report or the model is not the one that was recorded.
        PolicyNotEntered: The policy or people file is not the version that its owner entered.
        GateClosed: A newer version has reached production while this one waited.
        RecordMissing: There is no such card or model package.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    policy, people = files_in_force(installation)
    ledger = installation.ledger(use_case)
    found = read_subject(installation, gate, use_case, subject or locate_subject(installation, gate, use_case, run_id))
    observed = observe(installation, found, policy)
    wanted = draft_request(installation, found, run_id, ledger.entries(), policy, observed)
    _refuse_incomplete(installation, policy, wanted, found)

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        record = read_record(entries, gate, found.arn)
        held = _standing_request(installation, record, wanted, policy, observed)
        return held or Proposal(EntryKind.REQUEST, found.arn, wanted.model_dump(mode="json"))

    if _must_be_set_pending(installation, found, propose(ledger.entries()), policy):
        words = "" if gate is Gate.USE_CASE else f"waits for {_deciders(policy, people, wanted)}; by run {run_id}"
        set_standing(installation, found, Standing.PENDING, words)
    installation.texts.keep(policy)
    return ledger.propose(propose)


def draft_request(
    installation: Installation,
    subject: Subject,
    run_id: str,
    entries: Sequence[Entry],
    policy: Policy,
    observed: Observed,
) -> GateRequest:
    """The request as it would be asked now, by the declaration that its run began with."""
    record = read_record(entries, subject.gate, subject.arn)
    candidate = record.candidate
    run = candidate.run_id if candidate else run_id
    use_case = recorded_use_case(entries, run) or installation.use_case(subject.use_case)
    tier = assess_risk(use_case.risk, policy.risk).tier
    evidence = [record.evidence[kind] for kind in policy.rule(tier, subject.gate).evidence if kind in record.evidence]
    return GateRequest(
        gate=subject.gate,
        use_case=use_case.name,
        subject=subject.arn,
        run_id=run,
        version=subject.version,
        tier=tier,
        owner=use_case.owner,
        author=use_case.author,
        trainer=candidate.trainer if candidate else "",
        approvers=use_case.approvers.get(subject.gate.value, ()),
        evidence=tuple(evidence),
        card_digest=observed.card_digest,
        artifact_sha256=observed.artifact_sha256,
        policy_digest=observed.policy_digest,
        use_case_digest=use_case.digest,
    )


def missing_from(
    installation: Installation, policy: Policy, wanted: GateRequest, subject: Subject, oversight: Oversight
) -> tuple[MissingItem, ...]:
    """What the policy wants and a request does not have, open findings and the model itself included."""
    items = shortfall(policy, wanted, oversight, installation.now())
    if subject.gate is Gate.USE_CASE or wanted.artifact_sha256 is not None:
        return items
    where = subject.model_data_url or "no ModelDataUrl in the registry"
    model = MissingItem(what="model", reason=f"it has no bytes ({where})", owner="author", how="run the training stage")
    return (model, *items)


def _refuse_incomplete(installation: Installation, policy: Policy, wanted: GateRequest, subject: Subject) -> None:
    entries = installation.ledger(subject.use_case).entries()
    oversight = read_record(entries, subject.gate, subject.arn).oversight
    if oversight.superseded_by is not None:
        raise GateClosed(
            f"the {subject.gate.value} gate of {subject.use_case} cannot be requested for version {subject.version}: "
            f"version {oversight.superseded_by} has reached production since. Start a new run."
        )
    missing = missing_from(installation, policy, wanted, subject, oversight)
    if missing:
        listed = "\n".join(f"- {item.sentence}" for item in missing)
        raise EvidenceMissing(
            f"the {subject.gate.value} gate of {subject.use_case} cannot be requested for {subject.arn} "
            f"(policy, tier {wanted.tier}); missing:\n{listed}"
        )
    if subject.model_sha256 and subject.model_sha256 != wanted.artifact_sha256:
        raise ArtifactChanged(
            f"{subject.model_data_url} holds sha256 {wanted.artifact_sha256}; training noted {subject.model_sha256} "
            f"for {subject.arn}. Train again."
        )
    changed = changed_reports(installation, wanted.evidence)
    if changed:
        raise ArtifactChanged(f"the {subject.gate.value} gate cannot be requested: {'; '.join(changed)}")


def _standing_request(
    installation: Installation, record: GateRecord, wanted: GateRequest, policy: Policy, observed: Observed
) -> Entry | None:
    """The entry of a request that makes this one needless: the same one, or one that is open or still waits."""
    if record.request is None or record.entry is None:
        return None
    verdict = evaluate_record(installation, record, policy, observed)
    if verdict.has_lapsed:
        return None
    if record.request.digest == wanted.digest:
        return record.entry
    if record.request.model_copy(update={"run_id": wanted.run_id}).digest != wanted.digest:
        return None
    return record.entry if verdict.state in (GateState.OPEN, GateState.WAITING) else None


def _must_be_set_pending(
    installation: Installation, subject: Subject, request: Proposal | Entry, policy: Policy
) -> bool:
    """Whether the registry does not say yet that an answer is awaited: the request is new, or a crash came between."""
    if isinstance(request, Proposal):
        return True
    if subject.standing not in (Standing.OTHER, Standing.BEYOND):
        return False
    record = read_record(installation.ledger(subject.use_case).entries(), subject.gate, subject.arn)
    return evaluate_record(installation, record, policy, None).state is GateState.WAITING


def _deciders(policy: Policy, people: People, wanted: GateRequest) -> str:
    rule = policy.rule(wanted.tier, wanted.gate)
    barred = wanted.barred(rule)
    able = [each.id for role in rule.roles for each in people.in_role(role) if each.id not in barred]
    named = [each for each in able if not wanted.approvers or each in wanted.approvers]
    many = f"{rule.approvals} of " if rule.approvals > 1 else ""
    return f"{many}{', '.join(named) or 'somebody'} ({' or '.join(rule.roles)})"
