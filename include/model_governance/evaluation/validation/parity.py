"""The endpoint's answers beside the batch transform's to the same rows: one model must say one thing."""

from __future__ import annotations

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.validation.checks import Check, check
from model_governance.evaluation.validation.questions import Ask, Question, Sample, csv_body, read_scores

PARITY = "largest_difference_from_batch_transform"


def check_parity(ask: Ask, sample: Sample) -> Check:
    """Sends the sample at once; the measurement is the largest difference, in the unit of a prediction.

    Args:
        ask: Asks the endpoint.
        sample: The rows that are compared.
    """
    expected = f"answers within {sample.tolerance:g} of the batch transform's to {len(sample.rows)} held-out rows"
    answer = ask(Question(csv_body(sample.rows)))
    try:
        scores = read_scores(answer, len(sample.rows), sample.label)
    except EvaluationRefused as refusal:
        said = str(refusal).replace("the transform", "the endpoint")
        return check(PARITY, None, said, maximum=sample.tolerance, expected=expected, observed={"answer": answer.said})
    largest = round(sample.difference(scores), 9)
    return check(
        PARITY,
        largest,
        f"{len(sample.rows)} held-out rows",
        maximum=sample.tolerance,
        expected=expected,
        observed={"rows": len(sample.rows), "largest_difference": largest},
    )
