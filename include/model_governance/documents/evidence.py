"""The evidence on a version as a page: what is on record, whether each report is still the recorded one, its numbers.

A report whose bytes are not the recorded ones, or that is not there, is named at the top and in its section, and none
of its numbers are shown: what people decide on is what the record's digest binds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from model_governance.documents.measurements import exceptions_table, measurement_table, verdicts_of
from model_governance.documents.page import Block, Cell, Facts, Notice, Page, Prose, Section, Table, Tone, Verdict
from model_governance.documents.reports import report_sections
from model_governance.documents.values import cell, mapping, section_of, without
from model_governance.documents.wording import field_name, scalar, tally, verdict, worst
from model_governance.domain.canonical import sha256_hex

_SHOWN = ("kind", "verdict", "uri", "sha256", "seed", "code_version", "measurements")
_FOOT = (
    "Numbers that are no integers are rounded to five significant digits; the reports hold them whole.",
    "Characters that cannot be seen are shown by their code point, such as [U+202E].",
    "Verdicts, measurements and digests are the ledger's; the numbers under each verdict are the report's own.",
)
_WORDS = {
    Tone.PASS: "Every measurement keeps its limits.",
    Tone.WARNING: "No measurement stops this version; an approver must answer the warnings.",
    Tone.NOT_ASSESSABLE: "Something could not be assessed: it is not known whether it keeps its limits.",
    Tone.FAIL: "A limit is missed that stops this version.",
    Tone.NEUTRAL: "No verdict is on record.",
}


class ReportState(StrEnum):
    """Whether the bytes at a report's address are the ones on record."""

    RECORDED = "as recorded"
    CHANGED = "not the recorded one"
    MISSING = "missing"


@dataclass(frozen=True)
class KeptReport:
    """A piece of evidence and the bytes at its report's address.

    Attributes:
        evidence: The record, as the ledger holds it; keys that are absent or unknown are borne.
        content: The bytes; None where there are none.
    """

    evidence: Mapping[str, Any]
    content: bytes | None

    @property
    def kind(self) -> str:
        """The evidence's kind, as it is spelled."""
        return scalar(self.evidence.get("kind"))

    @cached_property
    def found(self) -> str:
        """Sha256 of the bytes; empty without any."""
        return "" if self.content is None else sha256_hex(self.content)

    @property
    def state(self) -> ReportState:
        """How the bytes stand to the record."""
        if self.content is None:
            return ReportState.MISSING
        return ReportState.RECORDED if self.found == self.evidence.get("sha256") else ReportState.CHANGED

    @property
    def fault(self) -> str:
        """What is wrong with the bytes, in a sentence; empty where nothing is."""
        address, recorded = scalar(self.evidence.get("uri")), scalar(self.evidence.get("sha256"))
        if self.state is ReportState.MISSING:
            return f"{self.kind}: there is no report at {address}; recorded is sha256 {recorded}"
        if self.state is ReportState.CHANGED:
            return f"{self.kind}: the report at {address} has sha256 {self.found}; recorded is {recorded}"
        return ""


def evidence_page(
    kept: Sequence[KeptReport],
    *,
    title: str,
    facts: Sequence[tuple[str, Cell]] = (),
    card: Mapping[str, Any] | None = None,
) -> Page:
    """The page of a version's evidence.

    Args:
        kept: The evidence, in the order in which it is to be read.
        title: What it is on, such as ``loan-approval, version 3``.
        facts: What the registry says of the version.
        card: Content of the version's card; all of it but its evaluations is shown, since these are the evidence.
    """
    lead: list[Block] = [Facts(facts)] if facts else []
    lead += _overall(kept)
    sections = [Section("Summary", [_summary(kept)])] if kept else []
    attention = exceptions_table([(each.kind, each.evidence.get("measurements")) for each in kept])
    if attention:
        sections.append(Section("What needs an answer", [attention]))
    sections += [_section(each) for each in kept]
    if card:
        shown = without(card, "evaluation_details")
        sections.append(section_of("Model card", shown))
    return Page(title, "Evidence report", lead, sections, _FOOT)


def overall_verdict(kept: Sequence[KeptReport]) -> Verdict:
    """The worst verdict on record; fail where a report is not the recorded one."""
    if any(each.fault for each in kept):
        return verdict("fail")
    return worst(verdict(each.evidence.get("verdict")) for each in kept)


def _overall(kept: Sequence[KeptReport]) -> Iterator[Block]:
    if not kept:
        yield Notice(Verdict("No evidence", Tone.NOT_ASSESSABLE), "Nothing is on record about this version yet.")
        return
    recorded = worst(verdict(each.evidence.get("verdict")) for each in kept)
    counted = tally(verdict(each.evidence.get("verdict")) for each in kept)
    yield Notice(recorded, f"{_WORDS[recorded.tone]} {len(kept)} reports: {counted}.")
    faults = [each.fault for each in kept if each.fault]
    if faults:
        yield Notice(
            Verdict("Reports do not match the record", Tone.FAIL),
            f"{len(faults)} of {len(kept)} reports cannot be relied on; their own numbers are not shown.\n"
            + "\n".join(faults),
        )


def _summary(kept: Sequence[KeptReport]) -> Table:
    rows: list[list[Cell]] = [
        [
            field_name(each.kind),
            verdict(each.evidence.get("verdict")),
            tally(verdicts_of(each.evidence.get("measurements"))),
            _state(each),
        ]
        for each in kept
    ]
    return Table("Evidence on record", ["Evidence", "Verdict", "Measurements", "Report"], rows)


def _state(kept: KeptReport) -> Verdict:
    words = kept.state.value
    return Verdict(words[:1].upper() + words[1:], Tone.FAIL if kept.fault else Tone.PASS)


def _section(kept: KeptReport) -> Section:
    evidence = kept.evidence
    facts: list[tuple[str, Cell]] = [
        ("Report", cell(evidence.get("uri"))),
        ("Recorded SHA-256", cell(evidence.get("sha256"))),
    ]
    facts.append(("Report and record", _state(kept)))
    facts += [(field_name(key), cell(evidence[key])) for key in ("seed", "code_version") if key in evidence]
    facts += [(field_name(str(key)), cell(item)) for key, item in without(evidence, *_SHOWN).items()]
    blocks: list[Block] = [Facts(facts)]
    if kept.fault:
        blocks.append(Notice(_state(kept), f"{kept.fault}. Its own numbers are not shown."))
    measured = evidence.get("measurements")
    if measured:
        blocks.append(measurement_table(measured))
    sections = [] if kept.fault else _report(kept)
    return Section(field_name(kept.kind), blocks, sections, verdict(evidence.get("verdict")))


def _report(kept: KeptReport) -> list[Section]:
    try:
        report = json.loads(kept.content or b"")
    except (ValueError, RecursionError):
        return [
            Section(
                "The report",
                [Prose(f"The report is no JSON that can be read; it has {len(kept.content or b'')} bytes.")],
            )
        ]
    return report_sections(mapping(report)) if isinstance(report, Mapping) else [section_of("The report", report)]
