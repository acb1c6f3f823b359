"""``model-governance monitoring``: how a use case does in production, by window, and its metrics over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from model_governance.cli.served import parse_time
from model_governance.cli.terminal import counted, installation, say, say_indented
from model_governance.cli.use_cases import refuse_unknown
from model_governance.decisions.breach import latest_results, monitoring_findings, windows_counted_on
from model_governance.domain.ledger import Entry
from model_governance.domain.monitoring_record import WindowResult
from model_governance.domain.series import SeriesPoint
from model_governance.errors import RecordMissing
from model_governance.hooks.time_series import SeriesRow, TimeSeries

_MOST_WINDOWS = 20


def monitoring(
    use_case: Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")],
    metric: Annotated[
        str | None, typer.Option(help="A series, such as model_quality/auc; what it begins with is enough.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="The first window's start, ISO 8601; UTC unless it says.")] = None,
    windows: Annotated[int, typer.Option(min=1, help="How many of the newest windows.")] = _MOST_WINDOWS,
) -> None:
    """List windows, verdicts and open findings; with --metric its values, without the names of those there are."""
    known = installation()
    entries = known.ledger(use_case).entries()
    refuse_unknown(known, use_case, entries)
    first = parse_time(since) if since else None
    results = [each for each in latest_results(entries) if first is None or each.start >= first]
    if not results:
        say(f"{use_case}: no window has been assessed")
        return
    shown = results[-windows:]
    rows = TimeSeries(known.artifacts, use_case).read(shown[0].start)
    if metric is not None:
        _show_metric(rows, metric)
        return
    for result in shown:
        _show(result)
    _show_findings(entries)
    names = sorted({point.series for row in rows for point in row.points})
    say_indented(f"metrics (--metric): {', '.join(names) or 'none'}", indent="")
    left = len(results) - len(shown)
    say(f"{counted(len(shown), 'window')}{f', {left} earlier ones (--windows)' if left else ''}")


def _show(result: WindowResult) -> None:
    again = f"  revision {result.revision}" if result.revision > 1 else ""
    say(f"{_times(result.start, result.end)}  version {result.version}  {result.verdict}{again}", style="bold")
    say_indented(result.sentence)


def _show_findings(entries: Sequence[Entry]) -> None:
    for each in monitoring_findings(entries):
        if each.is_open:
            finding = each.finding
            seen = counted(windows_counted_on(entries, each), "window") if finding.window else "at its evaluation"
            say(f"{finding.id}  open  {finding.severity}  version {finding.version}  {seen}", style="bold")
            say_indented(f"{finding.title} (owner {finding.owner}, due {finding.due})")


def _show_metric(rows: Sequence[SeriesRow], metric: str) -> None:
    found = [(row, point) for row in rows for point in row.points if point.series.startswith(metric)]
    if not found:
        names = sorted({point.series for row in rows for point in row.points})
        raise RecordMissing(f"there is no metric {metric!r} in these windows; known: {', '.join(names) or 'none'}")
    for row, point in found:
        say(f"{_times(row.start, row.end)}  version {row.version}  {point.series}  {_value(point)}")


def _value(point: SeriesPoint) -> str:
    if point.value is None:
        return f"not assessable ({counted(point.rows, 'row')})"
    interval = f" [{point.lower:.4g}, {point.upper:.4g}]" if point.lower is not None and point.upper is not None else ""
    return f"{point.value:.4g}{interval} ({counted(point.rows, 'row')})"


def _times(start: datetime, end: datetime) -> str:
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
