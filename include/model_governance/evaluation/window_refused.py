"""The report of a window that nothing could be held to: it says why, and never passes. Apart from what measures."""

from __future__ import annotations

from collections.abc import Collection

from model_governance.domain.monitoring import MonitorKind
from model_governance.domain.oversight import Severity
from model_governance.evaluation.capture import Window
from model_governance.evaluation.window_report import Breach, MonitorResult, MonitorState, WindowReport

BASELINE_CHECK = "baseline_integrity_check"
"""The check that a version's baselines are those on record."""


def refused_report(
    use_case: str, window: Window, monitors: Collection[MonitorKind], reason: str, *, breached: bool
) -> WindowReport:
    """The report of a window that was not assessed.

    Args:
        use_case: Its name.
        window: From when to when.
        monitors: Those that are configured.
        reason: Why, one line.
        breached: Whether that calls for a finding of high severity: the baselines are not those on record.
    """
    breaches = (
        Breach(MonitorKind.DATA_QUALITY, BASELINE_CHECK, "baseline", Severity.HIGH, f"nothing is held to it: {reason}"),
    )
    violations = ({"feature_name": "", "constraint_check_type": BASELINE_CHECK, "description": reason},)
    found = []
    for kind in MonitorKind:
        carries = breached and kind is MonitorKind.DATA_QUALITY
        state = MonitorState.NO_BASELINE if breached else MonitorState.NOT_ENOUGH_DATA
        if kind not in monitors and not carries:
            found.append(MonitorResult(kind, MonitorState.NOT_CONFIGURED))
        elif carries:
            found.append(MonitorResult(kind, state, reason, violations=violations, breaches=breaches))
        else:
            found.append(MonitorResult(kind, state, reason))
    return WindowReport(use_case, window, tuple(found))
