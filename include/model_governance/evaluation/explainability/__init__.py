"""Why a model predicts what it does: Shapley values of a seeded sample of held-out rows, in SageMaker Clarify's form.

The model is never loaded here. What is needed of it comes from a batch transform, as every prediction of the
evaluation does: ``sample`` chooses the rows, ``kernel`` says which further rows the model must be asked for and solves
for the values (the general explainer), ``contributions`` reads the values that a model gives of its own and holds them
against what it predicted, and ``attribution`` turns either into a report.
"""

LARGEST_SHARE = "largest_share_of_attribution"
METRIC_NAMES = frozenset({LARGEST_SHARE})
"""Every metric of explainability that a limit can name."""
