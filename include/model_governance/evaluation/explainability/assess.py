"""From a transform's answers to judged evidence about a model's reasons; apart because it alone knows the use case."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.use_case import UseCase
from model_governance.evaluation.explainability.attribution import assess_attributions
from model_governance.evaluation.explainability.contributions import read_contributions, refuse_other_model
from model_governance.evaluation.explainability.kernel import Attributions, refuse_other_answers, shapley_values
from model_governance.evaluation.explainability.sample import Sample
from model_governance.evaluation.limits import limits_of
from model_governance.evaluation.predictions import read_answers
from model_governance.evaluation.report import Assessment

_KERNEL = "Kernel SHAP through a batch transform"
_ROWS = "rows of the explanation"
_CONTRIBUTIONS = "the model's own contributions, held against its predictions"


def assess_contributions(
    sample: Sample, answers: bytes, predictions: NDArray[np.float64], use_case: UseCase
) -> Assessment:
    """The evidence in a model's own contributions.

    Args:
        sample: The rows that were explained.
        answers: The transform's output: a line of contributions for each.
        predictions: What the model predicted of all held-out rows, float64, shape (n_holdout,) or (n_holdout, n).
        use_case: Its features, limits and settings.

    Raises:
        EvaluationRefused: They are no contributions, or do not add up to the predictions.
    """
    attributions = read_contributions(read_answers(answers, len(sample.rows), what=_ROWS), len(sample.features))
    held_out = predictions.reshape(len(predictions), -1)
    scale = refuse_other_model(attributions, held_out[sample.positions])
    return _assess(attributions, use_case, method=_CONTRIBUTIONS, scale=scale, settings={})


def assess_kernel(
    sample: Sample, rows: bytes, answers: bytes, predictions: NDArray[np.float64], use_case: UseCase
) -> Assessment:
    """The evidence that the general explainer finds.

    Args:
        sample: The rows to explain.
        rows: CSV of ``rows_to_predict``, as the transform read it.
        answers: The transform's output: a line for each of them.
        predictions: What the model predicted of all held-out rows, float64, shape (n_holdout,) or (n_holdout, n).
        use_case: Its features, limits and settings.

    Raises:
        EvaluationRefused: The rows are not those of the sample, there is not one answer for each, or the answers to the
            explained rows are not the predictions.
    """
    declared = use_case.explainability
    asked = sample.codes(rows)
    predicted = read_answers(answers, len(asked), what=_ROWS)
    apart = refuse_other_answers(sample, asked, predicted, predictions.reshape(len(predictions), -1))
    found = shapley_values(sample, asked, predicted, coalitions=declared.coalitions, seed=declared.seed)
    settings = {
        "background_rows": len(sample.background),
        "coalitions": declared.coalitions,
        "rows_asked": len(asked),
        "rows_asked_sha256": hashlib.sha256(rows).hexdigest(),
        "largest_difference_between_transforms": apart,
    }
    return _assess(found, use_case, method=_KERNEL, scale="prediction", settings=settings)


def _assess(
    attributions: Attributions, use_case: UseCase, *, method: str, scale: str, settings: dict[str, Any]
) -> Assessment:
    outputs = attributions.values.shape[2]
    return assess_attributions(
        attributions,
        use_case.data.features,
        labels=[f"label{output}" for output in range(outputs)],
        method=method,
        scale=scale,
        settings=settings,
        limits=limits_of(EvidenceKind.EXPLAINABILITY, use_case.limits),
        seed=use_case.explainability.seed,
    )
