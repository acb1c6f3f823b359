"""Seeded production: a small use case of each problem type, its baselines, and traffic that has drifted or has not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from model_governance.domain.data import Data
from model_governance.domain.use_case import UseCase
from model_governance.evaluation.assess import assess_post_training_bias
from model_governance.evaluation.baselines import Baselines, parse_baselines
from model_governance.evaluation.capture import Captured, Window, read_capture
from model_governance.evaluation.constraints import suggest_constraints, with_constraints
from model_governance.evaluation.ground_truth import TruthObject, Truths, read_ground_truth
from model_governance.evaluation.labels import favourable_labels
from model_governance.evaluation.model_quality.assess import assess_model_quality
from model_governance.evaluation.predictions import HeldOut
from model_governance.evaluation.report import report_bytes
from model_governance.evaluation.statistics import describe
from model_governance.evaluation.window import assess_window
from model_governance.evaluation.window_report import WindowReport

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(hours=1))
PROBLEMS = ("binary_classification", "multiclass_classification", "regression")
LABELS: dict[str, dict[str, Any]] = {
    "binary_classification": {"column": "bought", "positive": "yes"},
    "multiclass_classification": {"column": "bought", "positive": "much", "classes": ["none", "some", "much"]},
    "regression": {"column": "bought", "positive": 0, "threshold": True},
}
FEATURES = ("amount", "count", "town", "rare")


@dataclass(frozen=True)
class Rows:
    """Rows as they are drawn: what the model reads, what it answers, what came of it, and the facet."""

    features: pd.DataFrame
    predictions: np.ndarray
    labels: np.ndarray
    facet: np.ndarray


def declare(problem: str, base: dict[str, Any], **monitoring: Any) -> UseCase:
    """The use case; ``base`` is a declaration of a use case whose data and problem are replaced."""
    data = {
        **base["data"],
        "label": LABELS[problem],
        "features": list(FEATURES),
        "facets": [{"name_or_index": "young", "value_or_threshold": [1]}],
    }
    kept = {"schedule": "0 * * * *", "window_minutes": 60, **monitoring}
    return UseCase.model_validate(
        {**base, "problem_type": problem, "data": data, "limits": [limit(problem)], "monitoring": kept}
    )


def limit(problem: str) -> dict[str, Any]:
    named = {"binary_classification": "auc", "multiclass_classification": "accuracy", "regression": "r2"}
    return {"metric": named[problem], "minimum": 0.1}


def draw(problem: str, rows: int, seed: int, *, shift: float = 0.0, worse: float = 0.0, unfair: float = 0.0) -> Rows:
    """Rows of one world.

    Args:
        problem: The problem type.
        rows: How many.
        seed: Of the draws.
        shift: By how many standard deviations ``amount`` has moved.
        worse: Share of labels that have nothing to do with the prediction any more.
        unfair: By how much predictions of the young are lowered.
    """
    random = np.random.default_rng(seed)
    amount = random.normal(100 + 10 * shift, 10, rows).round(2)
    count = random.integers(0, 12, rows)
    town = random.choice(["Ayer", "Hull", "Lynn", "Saco"], rows, p=[0.6, 0.25, 0.12, 0.03]).astype(object)
    rare = np.where(random.random(rows) < 0.05, random.normal(0, 1, rows).round(3), np.nan)
    facet = (random.random(rows) < 0.4).astype(int)
    score = (amount - 100) / 10 + 0.1 * (count - 5.5) - unfair * facet
    noise = random.normal(0, 1, rows)
    outcome = np.where(random.random(rows) < worse, 2 * random.normal(size=rows), score + unfair * facet + noise)
    features = pd.DataFrame({"amount": amount, "count": count, "town": town, "rare": rare})
    if problem == "regression":
        return Rows(features, score, outcome.round(4), facet)
    if problem == "binary_classification":
        return Rows(features, 1 / (1 + np.exp(-score)), (outcome > 0).astype(float), facet)
    edges = np.asarray([-0.5, 0.8])
    centres = np.asarray([-1.2, 0.15, 1.5])
    weights = np.exp(-((score[:, None] - centres) ** 2))
    return Rows(
        features, weights / weights.sum(axis=1, keepdims=True), np.digitize(outcome, edges).astype(float), facet
    )


def held_out(rows: Rows, data: Data) -> HeldOut:
    facets = pd.DataFrame({"young": rows.facet.astype(str)}, dtype=object)
    return HeldOut(favourable_labels(rows.labels, data.label), facets, values=rows.labels)


def baselines_of(use_case: UseCase, *, train: int = 4000, test: int = 1500, seed: int = 1) -> Baselines:
    """What the lifecycle registers, from rows without drift."""
    problem = use_case.problem_type.value
    statistics = describe(draw(problem, train, seed).features)
    rows = draw(problem, test, seed + 1)
    answers = held_out(rows, use_case.data)
    quality = with_constraints(assess_model_quality(answers, rows.predictions, use_case, minimum_group_rows=30))
    bias = assess_post_training_bias(answers, rows.predictions, use_case, minimum_group_rows=30)
    return parse_baselines(
        {
            "ModelDataQuality.Statistics": report_bytes(statistics),
            "ModelDataQuality.Constraints": report_bytes(suggest_constraints(statistics)),
            "ModelQuality.Statistics": quality.content,
            "ModelQuality.Constraints": quality.documents[-1].content,
            "Bias.PostTrainingConstraints": bias.content,
        }
    )


def lines_of(rows: Rows, *, start: datetime = START, prefix: str = "e") -> bytes:
    """A request a row, in the form of DataCapture."""
    inputs = rows.features.to_csv(index=False, header=False, lineterminator="\n").splitlines()
    outputs = [",".join(map(repr, one)) for one in rows.predictions.reshape(len(inputs), -1).tolist()]
    return b"\n".join(
        capture_line(one, two, event=f"{prefix}{number}", time=start + timedelta(milliseconds=number))
        for number, (one, two) in enumerate(zip(inputs, outputs, strict=True))
    )


def capture_line(data: str, answer: str, *, event: str = "e", time: datetime = START, **more: Any) -> bytes:
    """One line of DataCapture."""
    side = {"observedContentType": "text/csv", "encoding": "CSV"}
    line = {
        "captureData": {
            "endpointInput": {**side, "mode": "INPUT", "data": data},
            "endpointOutput": {**side, "mode": "OUTPUT", "data": answer},
        },
        "eventMetadata": {"eventId": event, "inferenceTime": time.isoformat().replace("+00:00", "Z"), **more},
        "eventVersion": "0",
    }
    return json.dumps(line).encode()


def truth_line(event: str, data: str) -> bytes:
    """One line of ground truth."""
    truth = {"data": data, "encoding": "CSV"}
    return json.dumps({"groundTruthData": truth, "eventMetadata": {"eventId": event}, "eventVersion": "0"}).encode()


def truths_of(rows: Rows, *, count: int | None = None, prefix: str = "e") -> Truths:
    """The truth of the first rows: label as the model learnt it, and facet."""
    known = [f"{label:g},{young}" for label, young in zip(rows.labels, rows.facet, strict=True)][:count]
    content = b"\n".join(truth_line(f"{prefix}{number}", one) for number, one in enumerate(known))
    return read_ground_truth([TruthObject("truth.jsonl", content, START)])


def captured_of(rows: Rows, use_case: UseCase) -> Captured:
    return read_capture([("capture.jsonl", lines_of(rows))], use_case.data, WINDOW)


def assessed(use_case: UseCase, baselines: Baselines, rows: Rows, **options: Any) -> WindowReport:
    """A window of these rows, with all of its truth unless ``truths`` says otherwise."""
    truths = options.pop("truths", None) or truths_of(rows)
    options.setdefault("minimum_group_rows", 30)
    return assess_window(use_case, WINDOW, baselines, captured_of(rows, use_case), truths, **options)
