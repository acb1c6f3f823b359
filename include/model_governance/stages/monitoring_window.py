"""One window on its way through a monitoring run: its data is fixed, it is assessed, and what was found is written.

Apart from ``monitoring``, whose tasks go through all windows that are due. Each step leaves an object that is written
once, so that a run that is killed anywhere goes on from there: ``inputs.json`` says what the window is made of,
``result.json``, written last, what goes into the ledger.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from model_governance.decisions.record import read_record, recorded_use_case
from model_governance.domain.canonical import canonical_json, sha256_hex
from model_governance.domain.decision import Gate
from model_governance.domain.monitoring import monitoring_faults
from model_governance.domain.monitoring_record import MOST_BREACHES, BreachNote, WindowResult, cut
from model_governance.domain.use_case import UseCase
from model_governance.errors import ArtifactChanged, EvaluationRefused, RecordConflict, RecordMissing
from model_governance.hooks.baselines import Baseline, read_baselines
from model_governance.hooks.captured import Listed, by_hour, fingerprint, listed_row, traffic_of, truth_of
from model_governance.hooks.time_series import SeriesRow
from model_governance.operators.monitoring_run import DueWindow, MonitoringRun

if TYPE_CHECKING:
    from model_governance.evaluation.baselines import Baselines
    from model_governance.evaluation.capture import Window
    from model_governance.evaluation.window_causes import Cause
    from model_governance.evaluation.window_report import WindowReport
    from model_governance.hooks.model_package import ModelPackage

log = logging.getLogger(__name__)

INPUTS, RESULT = "inputs.json", "result.json"
_MANY = "many"
_LONGEST_KEY = 400


def fix_inputs(run: MonitoringRun, due: DueWindow) -> None:
    """Writes down which objects a window is made of; what is written already stands.

    Raises:
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    traffic, truth = run.captured.traffic(due.start, due.end), run.captured.truth(due.start, due.end)
    inputs = {
        "start": due.start.isoformat(),
        "end": due.end.isoformat(),
        "version": due.part.version,
        "revision": due.revision,
        "intervals": [[since.isoformat(), until.isoformat()] for since, until in due.part.intervals],
        "traffic": [each.row for each in traffic],
        "truth": [each.row for each in truth],
        "awaits_truth": run.awaits_truth(due.end) and run.is_held_to_coverage,
    }
    try:
        run.installation.artifacts.put_new(f"{due.folder}{INPUTS}", canonical_json(inputs))
    except RecordConflict:
        log.info("%s: its data was fixed before", due.words)
        return
    log.info("%s: %d objects of traffic, %d of ground truth", due.words, len(traffic), len(truth))


def assess(run: MonitoringRun, due: DueWindow) -> None:
    """Holds a window to its version's baselines and writes what was found; what is written already stands.

    Raises:
        ArtifactChanged: A part of the result is there and says something else, as after a change of the code between
            two tries: ask for the window anew.
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    artifacts = run.installation.artifacts
    if artifacts.exists(f"{due.folder}{RESULT}"):
        return
    raw = artifacts.get(f"{due.folder}{INPUTS}")
    inputs = json.loads(raw)
    report, baselines = _report(run, due, inputs)
    written = {
        "constraint_violations.json": report.violations_json,
        "statistics.json": report.statistics_json,
        "report.json": report.report_json,
    }
    digests = {name: artifacts.put_once(f"{due.folder}{name}", content).sha256 for name, content in written.items()}
    digests |= {INPUTS: sha256_hex(raw), **{f"baseline {each.name}": each.sha256 for each in baselines}}
    result = {"result": _result(due, inputs, report, digests), "series": _row(due, report).written()}
    artifacts.put_once(f"{due.folder}{RESULT}", canonical_json(result))
    log.log(logging.INFO if report.verdict == "passed" else logging.WARNING, "%s: %s", due.words, report.sentence)


def read_result(run: MonitoringRun, due: DueWindow) -> tuple[WindowResult, SeriesRow] | None:
    """What was found about a window, its objects as they were written; None where it was not assessed yet.

    Raises:
        ArtifactChanged: One of them has changed since.
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    artifacts = run.installation.artifacts
    if not artifacts.exists(f"{due.folder}{RESULT}"):
        return None
    said = json.loads(artifacts.get(f"{due.folder}{RESULT}"))
    result = WindowResult.model_validate({**said["result"], "run_id": run.run_id})
    for name, sha256 in result.sha256.items():
        if not name.startswith("baseline "):
            artifacts.get(f"{due.folder}{name}", sha256)
    return result, SeriesRow.read(said["series"])


def _report(run: MonitoringRun, due: DueWindow, inputs: dict[str, Any]) -> tuple[WindowReport, tuple[Baseline, ...]]:
    """The window's report; of one whose baselines or objects are not those on record, a report that says so."""
    from model_governance.evaluation.baselines import parse_baselines
    from model_governance.evaluation.window_refused import refused_report

    window = _window(_intervals(inputs))
    entries = run.entries()
    evidence = read_record(entries, Gate.GOVERNANCE, due.part.subject).evidence.values()
    try:
        package = _package(run, due)
        baselines = read_baselines(run.installation.artifacts, package, evidence)
        parsed = parse_baselines({each.name: each.content for each in baselines})
    except (ArtifactChanged, EvaluationRefused) as refusal:
        return refused_report(run.name, window, run.monitoring.monitors, str(refusal), breached=True), ()
    try:
        return _assessed(run, due, inputs, parsed), baselines
    except (ArtifactChanged, EvaluationRefused) as refusal:
        report = refused_report(run.name, window, run.monitoring.monitors, str(refusal), breached=False)
    return report, baselines


def _assessed(run: MonitoringRun, due: DueWindow, inputs: dict[str, Any], baselines: Baselines) -> WindowReport:
    """The report of a window whose baselines are those on record.

    Raises:
        ArtifactChanged, EvaluationRefused: One of its objects has changed or gone, or nothing can be held to it.
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    from model_governance.evaluation.capture import read_capture
    from model_governance.evaluation.ground_truth import TruthObject, read_ground_truth
    from model_governance.evaluation.window import assess_window

    intervals = _intervals(inputs)
    window = _window(intervals)
    declared = _declared(run, recorded_use_case(run.entries(), due.part.run_id) or run.use_case)
    traffic = ((each.key, content) for each, content in _read(run, inputs["traffic"]))
    captured = read_capture(_within(traffic, intervals), declared.data, window)
    truths = read_ground_truth(
        TruthObject(each.key, content, datetime.fromisoformat(each.written))
        for each, content in _read(run, inputs["truth"])
    )
    return assess_window(
        declared,
        window,
        baselines,
        captured,
        truths,
        minimum_group_rows=run.installation.policy.assessment.minimum_group_rows,
        awaits_truth=inputs["awaits_truth"],
        is_whole=intervals == [(due.start, due.end)],
    )


def _intervals(inputs: dict[str, Any]) -> list[tuple[datetime, datetime]]:
    return [(datetime.fromisoformat(since), datetime.fromisoformat(until)) for since, until in inputs["intervals"]]


def _window(intervals: list[tuple[datetime, datetime]]) -> Window:
    from model_governance.evaluation.capture import Window

    return Window(intervals[0][0], intervals[-1][1])


def _package(run: MonitoringRun, due: DueWindow) -> ModelPackage:
    """The version, as the registry says it is.

    Raises:
        ArtifactChanged: It is there no more: nobody can say what its baselines were.
        AccessRefused, ServiceUnavailable: As the registry answers.
    """
    try:
        return run.installation.registry.describe(due.part.subject)
    except RecordMissing as missing:
        raise ArtifactChanged(f"version {due.part.version} is not in the registry any more") from missing


def _declared(run: MonitoringRun, trained: UseCase) -> UseCase:
    """The declaration that the version was trained under, watched as it is declared now.

    Raises:
        EvaluationRefused: The two do not go together.
    """
    faults = monitoring_faults(run.monitoring, trained.problem_type, trained.data)
    if faults:
        raise EvaluationRefused(f"monitoring as declared now does not fit the version that serves: {'; '.join(faults)}")
    return trained.model_copy(update={"monitoring": run.monitoring})


def _read(run: MonitoringRun, rows: list[list[Any]]) -> Iterator[tuple[Listed, bytes]]:
    return run.captured.read(listed_row(row) for row in rows)


def _within(
    traffic: Iterator[tuple[str, bytes]], intervals: list[tuple[datetime, datetime]]
) -> Iterator[tuple[str, bytes]]:
    """The traffic without what another version answered between two intervals; lines without a time are kept."""
    from model_governance.evaluation.capture_line import LineRefused, parse_line, read_metadata, read_time

    def is_ours(line: bytes) -> bool:
        try:
            time = read_time(read_metadata(parse_line(line)))
        except LineRefused:
            return True
        return time < intervals[0][0] or time >= intervals[-1][1] or any(s <= time < u for s, u in intervals)

    for name, content in traffic:
        parted = len(intervals) > 1
        yield name, b"\n".join(line for line in content.split(b"\n") if is_ours(line)) if parted else content


def _result(due: DueWindow, inputs: dict[str, Any], report: WindowReport, digests: dict[str, str]) -> dict[str, Any]:
    """What goes into the ledger, but for the run that records it."""
    from model_governance.evaluation.window_causes import causes_of

    causes = causes_of(report.breaches)
    traffic, truth = (by_hour(map(listed_row, inputs[which])) for which in ("traffic", "truth"))
    return WindowResult(
        start=due.start,
        end=due.end,
        version=due.part.version,
        revision=due.revision,
        verdict=report.verdict.value,
        sentence=cut(report.sentence),
        folder=due.folder,
        sha256=digests,
        traffic=fingerprint(traffic_of(traffic, due.start, due.end)),
        truth=fingerprint(truth_of(truth, due.start, due.end)),
        awaits_truth=inputs["awaits_truth"],
        rows=int(report.traffic.get("rows", 0)),
        breaches=tuple(_notes(causes)),
        breach_count=len(causes),
    ).model_dump(mode="json")


def _notes(causes: Sequence[Cause]) -> Iterator[BreachNote]:
    """The gravest causes; where there are more than a record names, the rest as one."""
    named = causes if len(causes) <= MOST_BREACHES else causes[: MOST_BREACHES - 1]
    for each in named:
        yield BreachNote(key=_bounded(each.key), severity=each.severity, sentence=cut(each.sentence))
    if len(named) < len(causes):
        rest = causes[len(named) :]
        said = f"{len(rest)} more breaches, such as {rest[0].sentence}; the report names them all"
        yield BreachNote(key=_MANY, severity=rest[0].severity, sentence=cut(said))


def _bounded(key: str) -> str:
    """The key, or of one that is longer than a record holds, its beginning and its digest."""
    return key if len(key) <= _LONGEST_KEY else f"{key[: _LONGEST_KEY - 13]}~{sha256_hex(key.encode())[:12]}"


def _row(due: DueWindow, report: WindowReport) -> SeriesRow:
    return SeriesRow(
        start=due.start,
        end=due.end,
        version=due.part.version,
        revision=due.revision,
        verdict=report.verdict.value,
        rows=int(report.traffic.get("rows", 0)),
        points=report.points,
    )
