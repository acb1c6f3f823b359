"""Numbers that follow from a confusion matrix alone; apart because one formula serves a matrix and a thousand redrawn.

A rate is the ratio of two weighted sums of the four cells, so that it can be taken of any number of matrices at once.
Source of names and definitions: Amazon SageMaker AI Developer Guide, "Model quality metrics and Amazon CloudWatch
monitoring".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.float64]
"""Rows counted as true negative, false positive, false negative, true positive: float64, shape (..., 4)."""


@dataclass(frozen=True)
class Rate:
    """A ratio of sums of cells, in [0, 1].

    Attributes:
        name: Model Monitor's.
        counted: Weight of each cell (tn, fp, fn, tp) in the numerator.
        among: Weight of each cell in the denominator.
        nothing: What none of the rows is where the denominator is zero, after "none of the <count>".
    """

    name: str
    counted: tuple[float, float, float, float]
    among: tuple[float, float, float, float]
    nothing: str

    def of(self, cells: Cells) -> NDArray[np.float64]:
        """The rate of each matrix, float64, shape (...); NaN where it has no value."""
        among = cells @ np.asarray(self.among)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(among > 0, cells @ np.asarray(self.counted) / among, np.nan)


def _f(name: str, beta: float) -> Rate:
    """F_beta = (1 + b^2) tp / ((1 + b^2) tp + b^2 fn + fp): 1 = perfect, 0 = no positive row found."""
    weight = beta**2
    return Rate(
        name,
        (0, 0, 0, 1 + weight),
        (0, 1, weight, 1 + weight),
        "held-out rows is positive, by label or by prediction",
    )


_NO_POSITIVE = "held-out labels is positive"
_NO_NEGATIVE = "held-out labels is negative"

RATES = (
    Rate("accuracy", (1, 0, 0, 1), (1, 1, 1, 1), "held-out rows is there"),
    Rate("precision", (0, 0, 0, 1), (0, 1, 0, 1), "held-out rows is predicted positive"),
    Rate("recall", (0, 0, 0, 1), (0, 0, 1, 1), _NO_POSITIVE),
    Rate("true_positive_rate", (0, 0, 0, 1), (0, 0, 1, 1), _NO_POSITIVE),
    Rate("true_negative_rate", (1, 0, 0, 0), (1, 1, 0, 0), _NO_NEGATIVE),
    Rate("false_positive_rate", (0, 1, 0, 0), (1, 1, 0, 0), _NO_NEGATIVE),
    Rate("false_negative_rate", (0, 0, 1, 0), (0, 0, 1, 1), _NO_POSITIVE),
    _f("f0_5", 0.5),
    _f("f1", 1.0),
    _f("f2", 2.0),
)
"""Every rate of a binary confusion matrix, in Model Monitor's names."""


def cells_of(labels: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> Cells:
    """The cells of labels and predicted labels, each bool of shape (n_rows,); float64, shape (4,)."""
    return np.bincount(labels * 2 + predicted, minlength=4).astype(np.float64)


def best_constant(cells: Cells) -> Cells:
    """The cells of a classifier that says the most frequent label of every row; positive where both are as frequent."""
    negative, positive = cells[..., 0] + cells[..., 1], cells[..., 2] + cells[..., 3]
    says_positive = positive >= negative
    none = np.zeros_like(negative)
    said = (
        np.where(says_positive, none, negative),
        np.where(says_positive, negative, none),
        np.where(says_positive, none, positive),
        np.where(says_positive, positive, none),
    )
    return np.stack(said, axis=-1)
