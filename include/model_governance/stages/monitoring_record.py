"""Puts the result of a window on record: time series, lineage, ledger, card; each once, in an order that a kill bears.

The ledger comes after what needs it not, because a window that is in it counts as done; the card is made anew from the
ledger by each run.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from model_governance.decisions.breach import latest_results, monitoring_findings, window_results
from model_governance.decisions.publish import publish_head
from model_governance.domain.ledger import Authority, Entry, EntryKind, Proposal
from model_governance.domain.model_card import with_custom_details
from model_governance.domain.monitoring_record import WindowResult
from model_governance.domain.served import served_at
from model_governance.hooks.baselines import registered_addresses
from model_governance.hooks.time_series import TimeSeries
from model_governance.operators.monitoring_run import DueWindow, MonitoringRun
from model_governance.stages.monitoring_window import read_result

log = logging.getLogger(__name__)

CARD_DETAIL = "monitoring"
_LAST = 24
_LONGEST_SENTENCE = 500


def record_window(run: MonitoringRun, due: DueWindow) -> Entry | None:
    """Records one window; None where it has not been assessed.

    Raises:
        ArtifactChanged: What was written of it has changed since.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    found = read_result(run, due)
    if found is None:
        return None
    result, row = found
    TimeSeries(run.installation.artifacts, run.name).add([row])
    _note_in_lineage(run, due, result)
    body = result.model_dump(mode="json")

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        same = (
            entry
            for known, entry in window_results(entries)
            if (known.place, known.revision) == (result.place, result.revision)
        )
        return next(same, Proposal(EntryKind.MONITORING, due.part.subject, body))

    entry = run.installation.ledger(run.name).propose(propose)
    log.info("%s: %s, entry %d of the ledger", due.words, result.verdict, entry.sequence)
    return entry


def tell_witnesses(run: MonitoringRun, recorded: Sequence[Entry]) -> None:
    """Publishes the ledger's head as the last of these entries was it, and seals what is full."""
    if recorded:
        publish_head(run.installation, max(recorded, key=lambda entry: entry.sequence), on_card=False)
        run.installation.ledger(run.name).seal(Authority.LEDGER)


def note_in_cards(run: MonitoringRun) -> None:
    """Writes how the version that serves has done into its card, beside the sections that people decide on."""
    entries = run.entries()
    served = served_at(entries, run.installation.now())
    if served is None:
        return
    arn, version = served.deployment.subject, int(served.deployment.body["version"])
    results = [each for each in latest_results(entries) if each.version == version]
    package = run.installation.registry.find(arn) if results else None
    if package is None:
        return
    content = dict(package.card)
    changed = with_custom_details(content, {CARD_DETAIL: card_summary(results, _open_findings(entries, version))})
    if changed != content:
        run.installation.registry.set_card(arn, changed)


def card_summary(results: Sequence[WindowResult], findings: Sequence[str]) -> str:
    """How a version has done, for its card: at most 1024 characters.

    Args:
        results: Of the version's windows, by time; at least one.
        findings: Ids of its open findings by monitoring.
    """
    last, recent = results[-1], results[-_LAST:]
    counted = Counter(each.verdict for each in recent)
    said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counted.items()))
    open_ones = f"{len(findings)} ({', '.join(findings[:10])}{', ...' if len(findings) > 10 else ''})"
    return (
        f"{last.verdict} in the window {last.start:%Y-%m-%d %H:%M} to {last.end:%Y-%m-%d %H:%M} UTC: "
        f"{last.sentence[:_LONGEST_SENTENCE]} | last {len(recent)} windows: {said} | "
        f"open findings by monitoring: {open_ones if findings else 'none'} | {last.folder}report.json "
        f"sha256 {last.sha256.get('report.json', '')}"
    )


def _open_findings(entries: Sequence[Entry], version: int) -> list[str]:
    found = (each for each in monitoring_findings(entries) if each.is_open)
    return [each.finding.id for each in found if each.finding.version == version]


def _note_in_lineage(run: MonitoringRun, due: DueWindow, result: WindowResult) -> None:
    """Leads from captured traffic, model and baselines to the window's report."""
    lineage, artifacts = run.installation.lineage, run.installation.artifacts
    package = run.installation.registry.find(due.part.subject)
    name = f"{run.name}-v{due.part.version}-monitoring"
    report = lineage.artifact(
        f"{name}-{due.start:%Y%m%dT%H%MZ}-r{due.revision}",
        "MonitoringReport",
        artifacts.uri(f"{due.folder}report.json"),
        {"sha256": result.sha256["report.json"], "verdict": result.verdict},
    )
    capture = artifacts.uri(f"use-cases/{run.name}/capture/{run.name}/")
    sources = [lineage.artifact(f"{run.name}-capture", "DataSet", capture)]
    if package is not None and package.model_data_url:
        sources.append(lineage.artifact(f"{name}-model", "Model", package.model_data_url))
    for place, uri in (registered_addresses(package) if package is not None else {}).items():
        sources.append(lineage.artifact(f"{name}-{place.replace('.', '-')}", "EvaluationReport", uri))
    for source in dict.fromkeys(sources):
        lineage.associate(source, report, "ContributedTo")
