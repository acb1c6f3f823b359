"""Which metrics a declaration can name, by what measures them; apart because the domain knows names and no arithmetic.

The evaluation has the same names beside its formulas; a test holds the two together.
"""

from __future__ import annotations

from model_governance.domain.data import ProblemType

_RATES = (
    "accuracy",
    "precision",
    "recall",
    "true_positive_rate",
    "true_negative_rate",
    "false_positive_rate",
    "false_negative_rate",
    "f0_5",
    "f1",
    "f2",
)
_WEIGHTED = ("weighted_recall", "weighted_precision", "weighted_f0_5", "weighted_f1", "weighted_f2")

MODEL_QUALITY: dict[ProblemType, frozenset[str]] = {
    ProblemType.BINARY_CLASSIFICATION: frozenset({*_RATES, "auc", "expected_calibration_error"}),
    ProblemType.MULTICLASS_CLASSIFICATION: frozenset({"accuracy", *_WEIGHTED}),
    ProblemType.REGRESSION: frozenset({"mae", "mse", "rmse", "r2"}),
}
"""The candidate's own quality, without what a constant answer would score."""

POST_TRAINING_BIAS = frozenset(
    {
        "accuracy_difference",
        "conditional_demographic_disparity_in_predicted_labels",
        "counterfactual_fliptest",
        "difference_in_acceptance_rates",
        "difference_in_conditional_acceptance",
        "difference_in_conditional_rejection",
        "difference_in_positive_proportions_in_predicted_labels",
        "difference_in_rejection_rates",
        "disparate_impact",
        "generalized_entropy",
        "recall_difference",
        "specificity_difference",
        "treatment_equality",
    }
)
"""The bias of predictions; each is of a facet."""

NEVER_IN_A_WINDOW = frozenset({"counterfactual_fliptest"})
"""Measured before approval only: it compares every row with its neighbours."""

DISTANCES = ("population_stability_index", "kolmogorov_smirnov", "jensen_shannon_distance", "l_infinity")
"""Of a feature and its baseline: kolmogorov_smirnov is of numbers, l_infinity of text, the others are of both."""

OPERATIONAL = frozenset(
    {
        "requests",
        "rows",
        "share_of_positive_predictions",
        "mean_prediction",
        "share_unreadable",
        "share_refused",
        "share_failed",
        "ground_truth_coverage",
    }
)
"""What traffic alone tells. Shares are in [0, 1]; ``share_refused`` (4xx) and ``share_failed`` (5xx) are of all
invocations and need the endpoint's own counts, since only answered requests are captured."""

VALUES = frozenset({"mean_value", "total_value"})
"""What the predictions were worth, by a payoff for each outcome: needs the ground truth."""
