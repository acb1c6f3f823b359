"""What a ledger says of one gate of one subject: the request that stands, its decisions, the evidence on record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import ValidationError

from model_governance.domain.candidate import Candidate
from model_governance.domain.decision import Decision, DecisionVerdict, Gate
from model_governance.domain.evidence import Evidence, EvidenceKind
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.oversight import NO_OVERSIGHT, Finding, FindingClosure, GrantedException, Oversight
from model_governance.domain.request import GateRequest
from model_governance.domain.use_case import UseCase
from model_governance.errors import LedgerBroken

_Record = TypeVar(
    "_Record", GateRequest, Decision, Evidence, Candidate, UseCase, GrantedException, Finding, FindingClosure
)


_ENDS = (EntryKind.CLEAN_UP, EntryKind.RETIREMENT)


@dataclass(frozen=True)
class GateRecord:
    """The ledger's word on a gate.

    Attributes:
        request: The newest request; None where nobody asked.
        entry: The entry that holds it.
        decisions: Decisions on the subject, of any gate; of this gate only those made after the request.
        entries: The entries that hold this gate's decisions among them, in the same order.
        evidence: The newest evidence of each kind on the subject.
        candidate: The subject's registration; None for a use case's card.
        events: Ids of the approval records that a decision or a refusal was made from already.
        oversight: Exceptions, findings and supersession of the subject.
    """

    request: GateRequest | None
    entry: Entry | None
    decisions: tuple[Decision, ...]
    entries: tuple[tuple[Decision, Entry], ...]
    evidence: Mapping[EvidenceKind, Evidence]
    candidate: Candidate | None
    events: frozenset[str]
    oversight: Oversight = NO_OVERSIGHT

    def entry_of(self, decision: Decision) -> Entry:
        """The entry that holds one of this gate's decisions."""
        return next(entry for each, entry in self.entries if each == decision)


@dataclass(frozen=True)
class FindingOnRecord:
    """A finding and what became of it.

    Attributes:
        finding: As it was opened.
        opening: The entry that holds it.
        closure: How it was closed; None while it is open.
        closing: The entry that holds that.
    """

    finding: Finding
    opening: Entry
    closure: FindingClosure | None = None
    closing: Entry | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it."""
        return self.closure is None


def read_record(entries: Sequence[Entry], gate: Gate, subject: str) -> GateRecord:
    """What verified entries say of a gate of a subject.

    Raises:
        LedgerBroken: An entry about the subject holds something else than its kind.
    """
    about = [entry for entry in since_clean_up(entries) if entry.subject == subject]
    requests = [
        (request, entry)
        for entry in about
        if entry.kind is EntryKind.REQUEST and (request := _read(GateRequest, entry)).gate is gate
    ]
    asked = requests[-1][1] if requests else None
    decided = [(_read(Decision, entry), entry) for entry in about if entry.kind is EntryKind.DECISION]
    standing = [
        (decision, entry)
        for decision, entry in decided
        if decision.gate is not gate or (asked is not None and entry.sequence > asked.sequence)
    ]
    evidence = [_read(Evidence, entry) for entry in about if entry.kind is EntryKind.EVIDENCE]
    candidates = [_read(Candidate, entry) for entry in about if entry.kind is EntryKind.CANDIDATE]
    refused = [str(entry.body.get("event_id", "")) for entry in about if entry.kind is EntryKind.REFUSAL]
    return GateRecord(
        request=requests[-1][0] if requests else None,
        entry=asked,
        decisions=tuple(decision for decision, _ in standing),
        entries=tuple((decision, entry) for decision, entry in standing if decision.gate is gate),
        evidence={piece.kind: piece for piece in evidence},
        candidate=candidates[-1] if candidates else None,
        events=frozenset({*refused, *(decision.event_id for decision, _ in decided)} - {""}),
        oversight=read_oversight(entries, subject, candidates[-1].version if candidates else None, gate),
    )


def read_oversight(entries: Sequence[Entry], subject: str, version: int | None, gate: Gate | None = None) -> Oversight:
    """The exceptions, findings and supersession of a subject.

    What monitoring found in production stands in the way of the next versions too, at the production gate: whether they
    mend it is for a person to say, by closing it.

    Args:
        entries: Every verified entry of the use case.
        subject: ARN of the model package or card.
        version: The package's version; None for a card, which only the findings on the whole use case concern.
        gate: The gate that asks; None for what concerns the subject itself.
    """
    standing = since_clean_up(entries)
    about = [entry for entry in standing if entry.subject == subject]
    opened = opened_findings(entries)
    findings = [each.finding for each in opened if _concerns(each.finding, version, gate)]
    superseded = [_by_version(entry) for entry in about if entry.kind is EntryKind.SUPERSEDED]
    return Oversight(
        exceptions=tuple(_read(GrantedException, entry) for entry in about if entry.kind is EntryKind.EXCEPTION),
        findings=tuple(findings),
        closures=tuple(each.closure for each in opened if each.closure is not None),
        superseded_by=superseded[-1] if superseded else None,
    )


def read_findings(entries: Sequence[Entry]) -> tuple[tuple[Finding, FindingClosure | None], ...]:
    """Every finding of a use case with its closure, if it has one."""
    return tuple((each.finding, each.closure) for each in opened_findings(entries))


def opened_findings(entries: Sequence[Entry]) -> tuple[FindingOnRecord, ...]:
    """Every finding of a use case, by a person or by monitoring, in the order in which they were opened.

    A closure counts for what was open when it was made: it cannot close what comes later.

    Raises:
        LedgerBroken: An entry holds no finding; or a breach bears the name of another finding, which a closure of the
            one would close too.
    """
    found: dict[str, FindingOnRecord] = {}
    breaches = 0
    for entry in since_clean_up(entries):
        if entry.kind in (EntryKind.FINDING, EntryKind.BREACH):
            finding = _read(Finding, entry)
            if entry.kind is EntryKind.BREACH:
                breaches = _number_after(breaches, finding, entry)
            found[finding.id] = FindingOnRecord(finding, entry)
        elif entry.kind is EntryKind.FINDING_CLOSURE:
            closure = _read(FindingClosure, entry)
            opened = found.get(closure.id)
            if opened is not None and opened.closure is None:
                found[closure.id] = replace(opened, closure=closure, closing=entry)
    return tuple(found.values())


def _concerns(finding: Finding, version: int | None, gate: Gate | None) -> bool:
    if finding.version is None or finding.version == version:
        return True
    is_of_earlier = version is not None and finding.version < version
    return is_of_earlier and gate is Gate.PRODUCTION and bool(finding.window)


def _number_after(number: int, breach: Finding, entry: Entry) -> int:
    """The number in a breach's name, which must be higher than those before it."""
    named = re.fullmatch(r"breach-([1-9][0-9]{0,8})", breach.id)
    if named is None or int(named[1]) <= number:
        raise LedgerBroken(
            f"ledger of {entry.use_case}, entry {entry.sequence}: a breach may not be called {breach.id!r}: the last "
            f"one was breach-{number}"
        )
    return int(named[1])


def since_clean_up(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries after the last clean-up or retirement: what was taken down takes its requests and decisions with it.

    A card or a version made later may bear the same ARN; nobody has decided on that one.
    """
    taken_down = [place for place, entry in enumerate(entries) if entry.kind in _ENDS]
    return entries[taken_down[-1] + 1 :] if taken_down else entries


def was_taken_down(entries: Sequence[Entry], run_id: str) -> bool:
    """Whether a clean-up has taken away all that a run had put on record."""
    standing = since_clean_up(entries)
    before = entries[: len(entries) - len(standing)]
    return any(e.body.get("run_id") == run_id for e in before) and not any(
        e.body.get("run_id") == run_id for e in standing
    )


def candidate_of_run(entries: Sequence[Entry], run_id: str) -> Candidate | None:
    """The candidate that a run registered, or None."""
    standing = reversed(since_clean_up(entries))
    registered = (_read(Candidate, entry) for entry in standing if entry.kind is EntryKind.CANDIDATE)
    return next((candidate for candidate in registered if candidate.run_id == run_id), None)


def read_candidate(entries: Sequence[Entry], subject: str) -> Candidate | None:
    """The newest candidate that was registered under an ARN, retired since or not; None where none was."""
    registered = (entry for entry in reversed(entries) if entry.kind is EntryKind.CANDIDATE)
    return next((_read(Candidate, entry) for entry in registered if entry.subject == subject), None)


def recorded_use_case(entries: Sequence[Entry], run_id: str) -> UseCase | None:
    """The declaration that a run began with; None where it has recorded none.

    An edit of the file meanwhile, of owner or approvers say, changes nothing in a run that is under way.

    Raises:
        LedgerBroken: The entry holds something else, or its digest is another.
    """
    for entry in reversed(entries):
        if entry.kind is EntryKind.USE_CASE and run_id and entry.body.get("run_id") == run_id:
            use_case = _valid(UseCase, entry, entry.body.get("declaration"))
            if use_case.digest != entry.body.get("use_case_digest"):
                raise LedgerBroken(
                    f"ledger of {entry.use_case}, entry {entry.sequence}: its use case has digest {use_case.digest}, "
                    f"recorded is {entry.body.get('use_case_digest')}"
                )
            return use_case
    return None


def approved_declarations(entries: Sequence[Entry]) -> frozenset[str]:
    """Digests of the declarations that somebody has approved as a use case since the last clean-up."""
    standing = since_clean_up(entries)
    requests = [_read(GateRequest, entry) for entry in standing if entry.kind is EntryKind.REQUEST]
    decisions = [_read(Decision, entry) for entry in standing if entry.kind is EntryKind.DECISION]
    approved = {each.request_digest for each in decisions if each.verdict is DecisionVerdict.APPROVE}
    return frozenset(
        each.use_case_digest for each in requests if each.gate is Gate.USE_CASE and each.digest in approved
    )


def _by_version(entry: Entry) -> int:
    version = entry.body.get("by_version")
    if not isinstance(version, int):
        raise LedgerBroken(f"ledger of {entry.use_case}, entry {entry.sequence}: holds no version that superseded")
    return version


def _read(model: type[_Record], entry: Entry) -> _Record:
    return _valid(model, entry, entry.body)


def _valid(model: type[_Record], entry: Entry, body: object) -> _Record:
    try:
        return model.model_validate(body)
    except ValidationError as faults:
        raise LedgerBroken(
            f"ledger of {entry.use_case}, entry {entry.sequence}: holds no {entry.kind.value}: "
            f"{faults.error_count()} faults, first {faults.errors()[0]['msg']}"
        ) from None
