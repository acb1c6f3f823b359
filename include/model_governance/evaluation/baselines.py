"""A version's registered baselines, read from their bytes or refused; apart because drift rests on these alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BASELINE_FILES = (
    "ModelDataQuality.Statistics",
    "ModelDataQuality.Constraints",
    "ModelQuality.Statistics",
    "ModelQuality.Constraints",
    "Bias.PreTrainingConstraints",
    "Bias.PostTrainingConstraints",
    "Explainability.Constraints",
)
"""The files by their place in ``DriftCheckBaselines``: section and field, a dot between."""


@dataclass(frozen=True)
class Baselines:
    """What a window is held to; None where the version has none.

    Attributes:
        statistics: Of the training rows' features, statistics.json.
        constraints: constraints.json beside it.
        quality: The held-out rows' report of model quality.
        quality_constraints: constraints.json beside it.
        bias: analysis.json with ``post_training_bias_metrics``.
        attributions: Mean absolute Shapley value of each feature, by label.
    """

    statistics: dict[str, Any] | None = field(default=None, repr=False)
    constraints: dict[str, Any] | None = field(default=None, repr=False)
    quality: dict[str, Any] | None = field(default=None, repr=False)
    quality_constraints: dict[str, Any] | None = field(default=None, repr=False)
    bias: dict[str, Any] | None = field(default=None, repr=False)
    attributions: dict[str, dict[str, float]] | None = None


def parse_baselines(files: Mapping[str, bytes]) -> Baselines:
    """The baselines in the bytes of the registered files.

    Args:
        files: By their names in ``BASELINE_FILES``; one that the version does not have is left out.

    Raises:
        EvaluationRefused: For another name, and for a file that is malformed: naming file and field.
    """
    raise NotImplementedError
