"""The risk tier of a use case, computed from its answers by the policy's formula and never typed in."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, model_validator

from model_governance.domain.use_case import RiskAnswers


class RiskTier(StrEnum):
    """How much harm a model could do; the values are a model card's risk ratings."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"


class RiskFormula(BaseModel):
    """Points for each answer, and the sum from which a tier begins.

    Attributes:
        points: For each question its answers, as written in YAML, and the points each is worth.
        medium_from: The lowest sum that is medium risk.
        high_from: The lowest sum that is high risk.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    points: dict[str, dict[str, int]]
    medium_from: int
    high_from: int

    @model_validator(mode="after")
    def _every_answer_has_points(self) -> RiskFormula:
        questions = set(RiskAnswers.model_fields)
        if set(self.points) != questions:
            raise ValueError(f"points must be given for exactly these questions: {', '.join(sorted(questions))}")
        for question, answers in _possible_answers().items():
            if set(self.points[question]) != answers:
                raise ValueError(f"points.{question} must be given for exactly: {', '.join(sorted(answers))}")
        if self.medium_from > self.high_from:
            raise ValueError(f"medium_from {self.medium_from} exceeds high_from {self.high_from}")
        return self


class RiskAssessment(BaseModel):
    """A tier and how it came about."""

    model_config = ConfigDict(frozen=True)

    tier: RiskTier
    points: int
    explanation: str


def assess_risk(answers: RiskAnswers, formula: RiskFormula) -> RiskAssessment:
    """The risk tier of the answers: the sum of their points against the formula's thresholds."""
    given = {question: _as_written(value) for question, value in answers.model_dump().items()}
    scores = {question: formula.points[question][answer] for question, answer in given.items()}
    total = sum(scores.values())
    if total >= formula.high_from:
        tier = RiskTier.HIGH
    elif total >= formula.medium_from:
        tier = RiskTier.MEDIUM
    else:
        tier = RiskTier.LOW
    parts = ", ".join(f"{question} {given[question]} ({score})" for question, score in scores.items())
    return RiskAssessment(
        tier=tier,
        points=total,
        explanation=f"{total} points: {parts}. Medium from {formula.medium_from}, high from {formula.high_from}.",
    )


def _as_written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _possible_answers() -> dict[str, set[str]]:
    schema = RiskAnswers.model_json_schema()["properties"]
    return {
        question: {"true", "false"} if shape.get("type") == "boolean" else set(shape["enum"])
        for question, shape in schema.items()
    }
