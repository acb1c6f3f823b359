"""A window's rows beside their truth, and the measurements that monitors share; apart so that each is made once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_governance.domain.monitoring import Monitoring
from model_governance.domain.use_case import UseCase
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.assess import assess_post_training_bias
from model_governance.evaluation.baselines import Baselines
from model_governance.evaluation.capture import Captured
from model_governance.evaluation.ground_truth import Joined, cells_of
from model_governance.evaluation.labels import favourable_labels, favourable_predictions
from model_governance.evaluation.model_quality.assess import assess_model_quality
from model_governance.evaluation.predictions import HeldOut

MOST_JUDGED = 20_000
"""Of more rows with truth, quality and bias are measured on a seeded sample: intervals are narrow enough by then."""
MOST_UNREADABLE = 0.05
"""Share of lines that may be unreadable; with more, what is left does not speak for the window."""
LABEL_FREE = frozenset(
    {
        "disparate_impact",
        "difference_in_positive_proportions_in_predicted_labels",
        "conditional_demographic_disparity_in_predicted_labels",
    }
)
"""Metrics of bias that no ground truth is needed for, where facets are features."""


@dataclass(frozen=True)
class WindowRows:
    """The rows of a window.

    Attributes:
        use_case: The declaration.
        monitoring: Its monitoring.
        baselines: What the window is held to.
        captured: The traffic.
        joined: The rows with truth.
        alpha: The share of comparisons without change that may breach, in (0, 1).
        minimum_group_rows: Rows that each rate must rest on, by the policy.
        truth_fault: Why the truth does not speak for the window; "" where it does.
    """

    use_case: UseCase
    monitoring: Monitoring
    baselines: Baselines
    captured: Captured
    joined: Joined
    alpha: float
    minimum_group_rows: int
    truth_fault: str

    @cached_property
    def judged(self) -> NDArray[np.int64]:
        """Which of the joined rows quality and bias are measured on, int64, ascending."""
        count = len(self.joined.rows)
        if count <= MOST_JUDGED:
            return np.arange(count, dtype=np.int64)
        generator = np.random.default_rng(self.use_case.data.split.seed)
        return np.sort(generator.choice(count, size=MOST_JUDGED, replace=False))

    @cached_property
    def predictions(self) -> NDArray[np.float64]:
        """Predictions of the judged rows."""
        return np.asarray(self.captured.predictions[self.joined.rows[self.judged]])

    @cached_property
    def held_out(self) -> HeldOut:
        """The truth of the judged rows, as the evaluation before approval has that of the held-out ones."""
        facets = self.joined.facets.iloc[self.judged].reset_index(drop=True)
        labels, group = self.joined.labels[self.judged], self.use_case.data.group_variable
        return HeldOut(
            labels=favourable_labels(labels, self.use_case.data.label),
            facets=facets,
            groups=facets[group] if group in facets.columns else None,
            values=labels,
        )

    @cached_property
    def quality(self) -> dict[str, Any] | str:
        """The report of model quality, or why there is none."""
        if self.truth_fault:
            return self.truth_fault
        try:
            whole = self._declared(())
            found = assess_model_quality(
                self.held_out, self.predictions, whole, minimum_group_rows=self.minimum_group_rows
            )
        except EvaluationRefused as refusal:
            return str(refusal)
        return found.report

    @cached_property
    def bias(self) -> dict[str, Any] | str:
        """The report of bias, or why there is none; without truth, of what needs none."""
        if self.truth_fault:
            return self._bias_without_truth()
        absent = [name for name in self._facets if name not in self.held_out.facets.columns]
        if absent:
            return f"the ground truth came without the facet {', '.join(absent)}"
        return self._bias_of(self.held_out, self.predictions)

    @property
    def is_without_truth(self) -> bool:
        """Whether bias is measured on predictions alone."""
        return bool(self.truth_fault)

    def _bias_without_truth(self) -> dict[str, Any] | str:
        data, rows = self.use_case.data, self.captured.row_count
        if rows < self.monitoring.minimum_rows or not set(self._facets) <= set(data.features):
            return self.truth_fault
        generator = np.random.default_rng(data.split.seed)
        judged = np.sort(generator.permutation(rows)[:MOST_JUDGED])
        features, predictions = self.captured.features.iloc[judged], self.captured.predictions[judged]
        columns = [name for name in data.holdout_columns[1:] if name in data.features]
        facets = features[columns].apply(cells_of).reset_index(drop=True)
        group = data.group_variable
        predicted = favourable_predictions(predictions, self.use_case)
        held = HeldOut(predicted, facets, facets[group] if group in columns else None)
        return self._bias_of(held, predictions)

    def _bias_of(self, held: HeldOut, predictions: NDArray[np.float64]) -> dict[str, Any] | str:
        try:
            found = assess_post_training_bias(
                held, predictions, self.use_case, minimum_group_rows=self.minimum_group_rows
            )
        except EvaluationRefused as refusal:
            return str(refusal)
        return found.report

    @property
    def _facets(self) -> list[str]:
        return [facet.name_or_index for facet in self.use_case.data.facets]

    def _declared(self, facets: tuple[Any, ...]) -> UseCase:
        """The use case with other facets: those of groups are measured by the bias monitor."""
        return self.use_case.model_copy(update={"data": self.use_case.data.model_copy(update={"facets": facets})})
