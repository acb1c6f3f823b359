"""How well predictions of held-out rows meet their labels, under Amazon SageMaker Model Monitor's names.

``binary``, ``multiclass`` and ``regression`` measure one problem type each; every count-based number of theirs is a
``rates`` formula over a confusion matrix. ``intervals`` draws the bootstrap behind each number's confidence interval,
``curves`` the ROC, precision-recall and calibration curves, ``slices`` measures the groups of each facet by themselves.
"""

from model_governance.evaluation.model_quality import binary, multiclass, regression

METRIC_NAMES = binary.METRIC_NAMES | multiclass.METRIC_NAMES | regression.METRIC_NAMES
"""Every metric that a limit on model quality can name, whatever the problem type."""
