"""What the endpoint takes and gives, and what it does with requests that are neither: the contract, tested."""

from __future__ import annotations

import numpy as np

from model_governance.domain.cells import finite_number
from model_governance.domain.data import ProblemType
from model_governance.domain.validation import CSV, JSON, Contract, MalformedInput
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.validation.checks import Check, check
from model_governance.evaluation.validation.questions import (
    Ask,
    Question,
    Sample,
    csv_body,
    json_body,
    read_scores,
)

OUTPUT_LOWEST, OUTPUT_HIGHEST, OUTPUT_FAULTS = "lowest_answer", "highest_answer", "answers_of_another_kind"
LIVES_ON = "right_answers_after_malformed_input"

HUGE_LINE_FIELDS = 500_000
_UNKNOWN_TYPE = "application/x-nothing-of-ours"
_SUM_TOLERANCE = 1e-3
_FEW_ROWS = 3


def check_contract(ask: Ask, sample: Sample, contract: Contract) -> tuple[Check, ...]:
    """Every test of the contract, in order.

    Args:
        ask: Asks the endpoint.
        sample: Held-out rows; what they are answered is known from the batch transform.
        contract: What is declared.
    """
    few = sample.first(_FEW_ROWS)
    return (
        *(_accepts(ask, few, contract, kind, CSV) for kind in contract.accepts),
        *(_accepts(ask, few, contract, contract.accepts[0], form) for form in contract.answers if form != CSV),
        *_output(ask, sample, contract),
        *_malformed(ask, sample, contract),
    )


def question_in(kind: str, accept: str, sample: Sample, contract: Contract) -> Question:
    """The sample's rows in one of the accepted content types."""
    if kind == JSON:
        return Question(json_body(sample.features, sample.rows, contract.json_rows), JSON, accept)
    return Question(csv_body(sample.rows), CSV, accept)


def _accepts(ask: Ask, few: Sample, contract: Contract, kind: str, accept: str) -> Check:
    name = f"accepts.{kind}" if accept == CSV else f"answers.{accept}"
    expected = f"200 to {kind}, {len(few.rows)} answers in {accept}, as the batch transform's"
    answer = ask(question_in(kind, accept, few, contract))
    holds, detail = True, f"{kind} in, {accept} out"
    try:
        difference = few.difference(read_scores(answer, len(few.rows), few.label, accept))
        if difference > few.tolerance:
            holds, detail = False, f"{detail}: up to {difference:g} from the batch transform's answers"
    except EvaluationRefused as refusal:
        holds, detail = False, f"{detail}: {str(refusal).replace('the transform', 'the endpoint')}"
    value = None if answer.status is None else float(answer.status)
    observed = {"answer": answer.said}
    return check(name, value, detail, minimum=200, maximum=200, expected=expected, observed=observed, holds=holds)


def _output(ask: Ask, sample: Sample, contract: Contract) -> tuple[Check, ...]:
    """One answer a row, each of the declared kind and in the declared range."""
    probability = sample.label.problem_type is not ProblemType.REGRESSION
    lowest = contract.minimum if contract.minimum is not None else (0.0 if probability else None)
    highest = contract.maximum if contract.maximum is not None else (1.0 if probability else None)
    kind = contract.output or ("probability" if probability else "number")
    expected = f"one {kind} a row, from {lowest} to {highest}, to {len(sample.rows)} held-out rows"
    answer = ask(Question(csv_body(sample.rows)))
    try:
        scores = read_scores(answer, len(sample.rows), sample.label)
    except EvaluationRefused as refusal:
        said = str(refusal).replace("the transform", "the endpoint")
        return (check(OUTPUT_FAULTS, None, said, maximum=0, expected=expected, observed={"answer": answer.said}),)
    wrong = np.zeros(len(scores), dtype=bool)
    if kind == "class":
        wrong = ~np.isin(scores, (0, 1))
    elif scores.ndim > 1:
        wrong = np.abs(scores.sum(axis=1) - 1) > _SUM_TOLERANCE
    told = f"{len(scores)} answers"
    return (
        check(OUTPUT_FAULTS, float(wrong.sum()), f"of {told}, which are to be a {kind}", maximum=0, expected=expected),
        check(OUTPUT_LOWEST, float(scores.min()), f"of {told}", minimum=lowest, expected=expected),
        check(OUTPUT_HIGHEST, float(scores.max()), f"of {told}", maximum=highest, expected=expected),
    )


def _malformed(ask: Ask, sample: Sample, contract: Contract) -> tuple[Check, ...]:
    """Each malformed request gets a 4xx; after each, a row is answered as it was before."""
    first, checks, silent = sample.first(1), [], []
    asked = malformed_questions(sample, contract)
    for name, question in asked.items():
        answer = ask(question)
        value = None if answer.status is None else float(answer.status)
        checks.append(
            check(
                name,
                value,
                f"answered {answer.said}" if answer.status != 200 else "was answered as if it were right",
                minimum=400,
                maximum=499,
                expected="a 4xx: the caller's fault",
                observed={"answer": answer.said, "content_type_sent": question.content_type},
            )
        )
        after = ask(Question(csv_body(first.rows)))
        try:
            if first.difference(read_scores(after, 1, first.label)) > first.tolerance:
                silent.append(f"{name} (another answer than before)")
        except EvaluationRefused as refusal:
            silent.append(f"{name} ({str(refusal).replace('the transform', 'the endpoint')})")
    right = len(asked) - len(silent)
    detail = f"not after {'; '.join(silent)}" if silent else f"after each of {len(asked)} malformed requests"
    lives_on = check(
        LIVES_ON,
        float(right),
        detail,
        minimum=len(asked),
        expected="the answer of before, right after each malformed request",
        observed={"not_after": silent},
    )
    return (*checks, lives_on)


def malformed_questions(sample: Sample, contract: Contract) -> dict[str, Question]:
    """The malformed requests by the names of their tests; those that do not apply are left out."""
    row, body = list(sample.rows[0]), csv_body(sample.rows[:1])
    number = _number_column(sample)
    texts = [*row[:number], "no number", *row[number + 1 :]] if number is not None else None
    bodies: dict[MalformedInput, Question | None] = {
        MalformedInput.TOO_FEW_COLUMNS: Question(csv_body([row[:-1]])) if len(row) > 1 else None,
        MalformedInput.TOO_MANY_COLUMNS: Question(csv_body([[*row, "1"]])),
        MalformedInput.ONE_BAD_ROW_AMONG_GOOD: Question(csv_body([row, [*row, "1"], row])),
        MalformedInput.TEXT_IN_A_NUMBER_COLUMN: Question(csv_body([texts])) if texts else None,
        MalformedInput.EMPTY_BODY: Question(b""),
        MalformedInput.BINARY_JUNK: Question(bytes(range(256)) * 16),
        MalformedInput.UNCLOSED_QUOTE: Question(b'"' + body),
        MalformedInput.HUGE_LINE: Question(b"1," * HUGE_LINE_FIELDS + b"1\n"),
        MalformedInput.NO_CONTENT_TYPE_OF_OURS: Question(body, _UNKNOWN_TYPE),
        MalformedInput.BROKEN_JSON: Question(b'{"instances": [', JSON) if JSON in contract.accepts else None,
    }
    asked = {f"malformed_input.{kind}": bodies[kind] for kind in contract.malformed}
    asked |= {f"refuses.{kind}": Question(body, kind) for kind in contract.refuses}
    asked |= {
        f"malformed_input.{own.name}": Question(own.body.encode(), own.content_type) for own in contract.own_malformed
    }
    return {name: question for name, question in asked.items() if question is not None}


def _number_column(sample: Sample) -> int | None:
    """The first feature that is a number in every row of the sample."""
    columns = zip(*sample.rows, strict=True)
    return next(
        (place for place, cells in enumerate(columns) if all(finite_number(one) is not None for one in cells)), None
    )
