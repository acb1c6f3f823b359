"""The breaches of a window by what is behind them: one finding names every distance of a feature that has moved.

Apart from the report, whose breaches and violations stay each by itself: whoever is called needs one line for a cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from model_governance.domain.monitoring import MonitorKind
from model_governance.domain.oversight import Severity
from model_governance.evaluation.window_report import Breach

_DRIFT = "baseline_drift_check"
_SAME: dict[MonitorKind, dict[str, tuple[str, ...]]] = {
    MonitorKind.MODEL_QUALITY: {
        "missed_positives": ("recall", "true_positive_rate", "false_negative_rate"),
        "false_positives": ("false_positive_rate", "true_negative_rate"),
        "f_scores": ("f0_5", "f1", "f2"),
        "weighted_f_scores": ("weighted_f0_5", "weighted_f1", "weighted_f2"),
        "squared_errors": ("mse", "rmse", "r2"),
    },
    MonitorKind.BIAS: {
        "positive_predictions": (
            "disparate_impact",
            "difference_in_positive_proportions_in_predicted_labels",
            "conditional_demographic_disparity_in_predicted_labels",
        ),
    },
}
"""Metrics that say the same thing of the same rows, by what they say."""
_GROUPS = {
    (kind, metric): group for kind, groups in _SAME.items() for group, metrics in groups.items() for metric in metrics
}


@dataclass(frozen=True)
class Cause:
    """What a finding is opened for.

    Attributes:
        key: The same for the same cause in another window.
        severity: The gravest of its breaches.
        sentence: The gravest breach in words, and the others' metrics with their numbers.
    """

    key: str
    severity: Severity
    sentence: str


def causes_of(breaches: Sequence[Breach]) -> tuple[Cause, ...]:
    """The breaches, each in one cause, in the order of the first of each.

    Args:
        breaches: The gravest first, as a report has them.
    """
    together: dict[str, list[Breach]] = {}
    for breach in breaches:
        together.setdefault(_key(breach), []).append(breach)
    return tuple(Cause(key, of[0].severity, _said(of)) for key, of in together.items())


def _key(breach: Breach) -> str:
    """The breach's own, but for what says the same as others."""
    group = _DRIFT if breach.check == _DRIFT else _GROUPS.get((breach.monitor, breach.metric), "")
    return "/".join(part for part in (breach.monitor.value, group, breach.subject) if part) if group else breach.key


def _said(breaches: Sequence[Breach]) -> str:
    first, *others = breaches
    also = ", ".join(dict.fromkeys(_number(each) for each in others))
    return f"{first.sentence}; also {also}" if also else first.sentence


def _number(breach: Breach) -> str:
    if breach.value is None or breach.limit is None:
        return breach.metric
    return f"{breach.metric} {breach.value:.4g} (limit {breach.limit:.4g})"
