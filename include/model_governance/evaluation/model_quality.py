"""How well predictions of held-out rows meet their labels; apart because Model Monitor's names and rules hold here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.bias.metric import Assessed
from model_governance.evaluation.predictions import check_probabilities, predicted_labels

SAMPLES_FOR_DEVIATION = 200
"""Below this many rows Model Monitor gives no standard deviation."""

Labels = NDArray[np.bool_]
Probabilities = NDArray[np.float64]


def measure_binary_classification(
    labels: Labels, probabilities: Probabilities, *, threshold: float, seed: int
) -> dict[str, Any]:
    """The metrics of Model Monitor's ``binary_classification_metrics``.

    Each metric is {"value", "standard_deviation"}: the deviation over five random samples of 80 % of the rows, drawn
    with the seed, or the text "NaN" below 200 rows, as Model Monitor has it. A value that cannot be assessed is None,
    with "error".
    Source: Amazon SageMaker AI Developer Guide, "Model quality metrics and Amazon CloudWatch monitoring".

    Args:
        labels: bool, shape (n_rows,).
        probabilities: float64, shape (n_rows,), each in [0, 1].
        threshold: In (0, 1); a prediction is positive at or above it.
        seed: Of the samples.

    Raises:
        EvaluationRefused: For no rows, differing shapes, NaN, or values outside [0, 1].
    """
    if labels.dtype != np.bool_ or labels.ndim != 1 or not len(labels):
        raise EvaluationRefused(f"labels are {labels.dtype} of shape {labels.shape}; one bool a held-out row is needed")
    check_probabilities(probabilities, len(labels))
    samples = _samples(len(labels), seed)
    predicted = predicted_labels(probabilities, threshold)
    measured: dict[str, Any] = {"confusion_matrix": _confusion_matrix(labels, predicted)}
    for name, metric in _METRICS.items():
        measured[name] = _with_deviation(metric, labels, predicted, probabilities, samples)
    return measured


@cache
def _scores() -> Any:
    """scikit-learn's metrics; loading them takes a second, and who reads only the names below is spared it."""
    from sklearn import metrics

    return metrics


Metric = Callable[[Labels, Labels, Probabilities], Assessed]


def _accuracy(labels: Labels, predicted: Labels, _: Probabilities) -> Assessed:
    return Assessed(float(_scores().accuracy_score(labels, predicted)))


def _auc(labels: Labels, _: Labels, probabilities: Probabilities) -> Assessed:
    if labels.all() or not labels.any():
        kind = "positive" if labels.all() else "negative"
        return Assessed(None, f"all {len(labels)} held-out labels are {kind}; the area under the ROC curve needs both")
    return Assessed(float(_scores().roc_auc_score(labels, probabilities)))


def _precision(labels: Labels, predicted: Labels, _: Probabilities) -> Assessed:
    if not predicted.any():
        return Assessed(None, f"none of the {len(labels)} held-out rows is predicted positive")
    return Assessed(float(_scores().precision_score(labels, predicted)))


def _recall(labels: Labels, predicted: Labels, _: Probabilities) -> Assessed:
    if not labels.any():
        return Assessed(None, f"none of the {len(labels)} held-out labels is positive")
    return Assessed(float(_scores().recall_score(labels, predicted)))


def _true_negative_rate(labels: Labels, predicted: Labels, _: Probabilities) -> Assessed:
    if labels.all():
        return Assessed(None, f"none of the {len(labels)} held-out labels is negative")
    return Assessed(float(_scores().recall_score(~labels, ~predicted)))


def _complement(metric: Metric) -> Metric:
    def complement(labels: Labels, predicted: Labels, probabilities: Probabilities) -> Assessed:
        assessed = metric(labels, predicted, probabilities)
        return assessed if assessed.value is None else Assessed(1 - assessed.value)

    return complement


def _f1(labels: Labels, predicted: Labels, _: Probabilities) -> Assessed:
    if not (labels.any() or predicted.any()):
        return Assessed(None, f"none of the {len(labels)} held-out rows is positive, by label or by prediction")
    return Assessed(float(_scores().f1_score(labels, predicted)))


def _accuracy_best_constant_classifier(labels: Labels, _: Labels, __: Probabilities) -> Assessed:
    share = float(labels.mean())
    return Assessed(max(share, 1 - share))


_METRICS: dict[str, Metric] = {
    "accuracy": _accuracy,
    "auc": _auc,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "true_positive_rate": _recall,
    "true_negative_rate": _true_negative_rate,
    "false_positive_rate": _complement(_true_negative_rate),
    "false_negative_rate": _complement(_recall),
    "accuracy_best_constant_classifier": _accuracy_best_constant_classifier,
}
METRIC_NAMES = frozenset(_METRICS)
"""Every metric that a limit on model quality can name."""


def _confusion_matrix(labels: Labels, predicted: Labels) -> dict[str, dict[str, int]]:
    counted = _scores().confusion_matrix(labels, predicted, labels=[False, True])
    return {str(true): {str(said): int(counted[true][said]) for said in (0, 1)} for true in (0, 1)}


def _samples(rows: int, seed: int) -> list[NDArray[np.int64]]:
    if rows < SAMPLES_FOR_DEVIATION:
        return []
    generator = np.random.default_rng(seed)
    return [generator.choice(rows, size=rows * 4 // 5, replace=False) for _ in range(5)]


def _with_deviation(
    metric: Metric, labels: Labels, predicted: Labels, probabilities: Probabilities, samples: list[NDArray[np.int64]]
) -> dict[str, Any]:
    assessed = metric(labels, predicted, probabilities)
    if assessed.value is None:
        return {"value": None, "standard_deviation": "NaN", "error": assessed.reason}
    drawn = [metric(labels[rows], predicted[rows], probabilities[rows]).value for rows in samples]
    values = [value for value in drawn if value is not None]
    spread = float(np.std(values, ddof=1)) if samples and len(values) == len(samples) else "NaN"
    return {"value": assessed.value, "standard_deviation": spread}
