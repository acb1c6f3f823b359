"""Behaviour at the edges of what a model will see: declared rows, and what must hold of the answers to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model_governance.domain.validation import EdgeCase, Expected
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.validation.checks import Check, check
from model_governance.evaluation.validation.questions import (
    Ask,
    Question,
    Row,
    Sample,
    csv_body,
    favourable,
    read_scores,
)

_DIGITS = 9


def check_edge_case(ask: Ask, held_out: Sample, case: EdgeCase) -> Check:
    """Asks for the case's rows, and for those they are compared with, and judges the answers.

    The measurement is the worst of the rows: of ``in_range`` the answer furthest out of it, of ``equal`` the largest
    difference, of ``at_least`` the smallest and of ``at_most`` the largest of answer minus other answer, of ``refused``
    the status that is furthest from a 4xx.

    Args:
        ask: Asks the endpoint.
        held_out: All held-out rows.
        case: What is declared.
    """
    name = f"edge_case.{case.name}"
    try:
        bases = base_rows(held_out, case)
        if case.expected is Expected.REFUSED:
            return _refused(ask, held_out, case, bases)
        answers = _answers(ask, held_out, [held_out.changed(row, case.values) for row in bases])
        others = (
            _answers(ask, held_out, [held_out.changed(row, case.compared_with) for row in bases])
            if case.compares
            else None
        )
    except EvaluationRefused as refusal:
        detail = _told(case, str(refusal).replace("the transform", "the endpoint"))
        return check(name, None, detail, expected=_in_words(case), holds=False)
    return _judged(name, case, answers, others)


def base_rows(held_out: Sample, case: EdgeCase) -> tuple[Row, ...]:
    """The held-out rows that a case begins with.

    Raises:
        EvaluationRefused: There are not as many.
    """
    wanted = case.rows or case.held_out_row or 1
    if wanted > len(held_out.rows):
        raise EvaluationRefused(f"there is no held-out row {wanted}: there are {len(held_out.rows)}")
    return held_out.rows[:wanted] if case.rows else (held_out.rows[wanted - 1],)


def _answers(ask: Ask, held_out: Sample, rows: list[Row]) -> NDArray[np.float64]:
    scores = read_scores(ask(Question(csv_body(rows))), len(rows), held_out.label)
    return favourable(scores, held_out.label)


def _judged(name: str, case: EdgeCase, answers: NDArray[np.float64], others: NDArray[np.float64] | None) -> Check:
    minimum, maximum = case.minimum, case.maximum
    if others is None:
        outside = np.maximum(
            (minimum - answers) if minimum is not None else -np.inf,
            (answers - maximum) if maximum is not None else -np.inf,
        )
        worst = int(np.argmax(np.broadcast_to(outside, answers.shape)))
        value = float(answers[worst])
        told = f"answer {value:.6g}"
    else:
        differences = answers - others
        if case.expected is Expected.EQUAL:
            worst, maximum = int(np.argmax(np.abs(differences))), case.tolerance
            value = abs(float(differences[worst]))
        elif case.expected is Expected.AT_LEAST:
            worst, minimum = int(np.argmin(differences)), case.margin
            value = float(differences[worst])
        else:
            worst, maximum = int(np.argmax(differences)), -case.margin
            value = float(differences[worst])
        told = f"answer {answers[worst]:.6g} beside {others[worst]:.6g}"
    row = worst + 1 if case.rows else case.held_out_row or 1
    many = f"the worst of {len(answers)} held-out rows, row {row}" if case.rows else f"held-out row {row}"
    return check(
        name,
        round(value, _DIGITS),
        _told(case, f"{told} ({many})"),
        minimum=minimum,
        maximum=maximum,
        expected=_in_words(case),
        observed={
            "held_out_row": row,
            "answer": float(answers[worst]),
            "compared_with": None if others is None else float(others[worst]),
            "rows": len(answers),
        },
    )


def _refused(ask: Ask, held_out: Sample, case: EdgeCase, bases: tuple[Row, ...]) -> Check:
    answers = [ask(Question(csv_body([held_out.changed(row, case.values)]))) for row in bases]
    worst = max(answers, key=lambda answer: _distance_from_refusal(answer.status))
    return check(
        f"edge_case.{case.name}",
        None if worst.status is None else float(worst.status),
        _told(case, f"answered {worst.said}" if worst.status != 200 else "was answered instead of refused"),
        minimum=400,
        maximum=499,
        expected=_in_words(case),
        observed={"answer": worst.said},
    )


def _distance_from_refusal(status: int | None) -> int:
    if status is None:
        return 1000
    return max(0, 400 - status, status - 499)


def _told(case: EdgeCase, said: str) -> str:
    return f"{case.meaning}: {said}" if case.meaning else said


def _in_words(case: EdgeCase) -> str:
    def values(of: dict[str, str | int | float | None]) -> str:
        return ", ".join(f"{name} = {'not known' if value is None else value}" for name, value in of.items())

    made = values(case.values) or "the row as it is"
    other = values(case.compared_with) or "the row as it is"
    words = {
        Expected.IN_RANGE: f"an answer from {case.minimum} to {case.maximum} where {made}",
        Expected.EQUAL: f"the same answer, within {case.tolerance:g}, where {made} as where {other}",
        Expected.AT_LEAST: f"an answer at least {case.margin:g} above that where {other}, where {made}",
        Expected.AT_MOST: f"an answer at least {case.margin:g} below that where {other}, where {made}",
        Expected.REFUSED: f"a 4xx where {made}",
    }
    return words[case.expected]
