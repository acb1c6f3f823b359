"""A model of two features that answers in this process, with one fault at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from model_governance.domain.data import Label
from model_governance.evaluation.validation.questions import Answer, Question, Sample

LABEL = Label(column="y", positive=1)
FEATURES = ("income", "job")


def score(income: float) -> float:
    """Rises with income; 0.5 where it is not known."""
    return min(1.0, income / 100)


def sample(rows: int = 8) -> Sample:
    """Incomes of 10, 20, ... with the prediction for each."""
    incomes = [10.0 * number for number in range(1, rows + 1)]
    cells = tuple((f"{income:g}", "clerk") for income in incomes)
    return Sample(FEATURES, LABEL, cells, np.asarray([score(income) for income in incomes]), 1e-6)


def answered(scores: list[float], seconds: float = 0.01) -> Answer:
    return Answer(200, "\n".join(map(repr, scores)).encode(), "text/csv", seconds)


@dataclass
class Endpoint:
    """Answers as a right model would, unless ``instead`` has another answer.

    Attributes:
        instead: Given the question and the number of the request, from 1, another answer or None.
        asked: Every question so far.
    """

    instead: Callable[[Question, int], Answer | None] = lambda question, number: None
    asked: list[Question] = field(default_factory=list)

    def __call__(self, question: Question) -> Answer:
        self.asked.append(question)
        other = self.instead(question, len(self.asked))
        return self.right(question) if other is None else other

    def right(self, question: Question) -> Answer:
        try:
            if question.content_type != "text/csv":
                raise ValueError("content type")
            text = question.body.decode()
            lines = text.splitlines()
            rows = [line.split(",") for line in lines if line]
            if not rows or '"' in text or any(len(row) != 2 or row[1] != "clerk" for row in rows):
                raise ValueError("no rows")
            return answered([score(float(income)) if income else 0.5 for income, _ in rows])
        except ValueError as fault:
            return Answer(400, str(fault).encode(), "text/plain", 0.001)
