"""Calls through to the systems around the model: features from the source, an answer, its consumer's word for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from model_governance.domain.dependency import Dependency, Downstream, Upstream
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.validation.checks import Check, check
from model_governance.evaluation.validation.questions import (
    Answer,
    Ask,
    Question,
    Row,
    Sample,
    cell,
    csv_body,
    read_scores,
)

Get = Callable[[Dependency, str], Answer]
"""Asks a dependency for an entity."""

Post = Callable[[Dependency, str, dict[str, Any]], Answer]
"""Sends a dependency what is predicted for an entity."""

Prediction = float | list[float]


@dataclass(frozen=True)
class Calls:
    """The ways out.

    Attributes:
        get: Asks the source of features.
        post: Tells the consumer of predictions.
        address: What is called for an entity, in words: method and address, and whether it is a stand-in.
    """

    get: Get
    post: Post
    address: Callable[[Dependency, str], str]


@dataclass(frozen=True)
class Seen:
    """How one call to a dependency went.

    Attributes:
        status: The HTTP status; None without an answer.
        fault: What was wrong; empty if nothing was.
    """

    status: int | None
    fault: str = ""


def check_dependencies(
    ask: Ask, calls: Calls, sample: Sample, upstream: Sequence[Upstream], downstream: Sequence[Downstream]
) -> tuple[Check, ...]:
    """Features of each entity from each source, the endpoint's answer to them, and each consumer's to that.

    A consumer is tested even where every source is down: then it is sent the answer to the first held-out row.
    """
    predictions: dict[str, Prediction] = {}
    checks = [_upstream(ask, calls, sample, source, predictions) for source in upstream]
    if not predictions:
        answered = sample.predicted[0].tolist()
        predictions["held-out-row-1"] = answered
    return (*checks, *(_downstream(calls, consumer, predictions) for consumer in downstream))


def _upstream(ask: Ask, calls: Calls, sample: Sample, source: Upstream, predictions: dict[str, Prediction]) -> Check:
    seen: list[tuple[str, Seen]] = []
    for entity in source.entities:
        answer = calls.get(source, entity)
        try:
            row = row_of(source, answer_of(source, answer), sample.features)
            reply = ask(Question(csv_body([row])))
            try:
                predictions[entity] = read_scores(reply, 1, sample.label)[0].tolist()
                seen.append((entity, Seen(answer.status)))
            except EvaluationRefused as refusal:
                said = str(refusal).replace("the transform", "the endpoint")
                seen.append((entity, Seen(answer.status, f"its features have no prediction: the endpoint: {said}")))
        except EvaluationRefused as refusal:
            seen.append((entity, Seen(answer.status, str(refusal))))
    return _judged(calls, source, "upstream", seen, "have the feature source answer the declared features")


def _downstream(calls: Calls, consumer: Downstream, predictions: dict[str, Prediction]) -> Check:
    seen: list[tuple[str, Seen]] = []
    for entity, prediction in predictions.items():
        answer = calls.post(consumer, entity, {"entity": entity, "prediction": prediction})
        try:
            answer_of(consumer, answer)
            seen.append((entity, Seen(answer.status)))
        except EvaluationRefused as refusal:
            seen.append((entity, Seen(answer.status, str(refusal))))
    return _judged(calls, consumer, "downstream", seen, "have the consumer take and acknowledge the prediction")


def _judged(calls: Calls, one: Dependency, kind: str, seen: list[tuple[str, Seen]], what_to_do: str) -> Check:
    faulty = [(entity, found) for entity, found in seen if found.fault]
    entity, found = faulty[0] if faulty else seen[0]
    call = calls.address(one, entity)
    expected = f"{' or '.join(map(str, one.status))} within {one.timeout_seconds:g} s"
    if faulty:
        more = f" ({len(faulty)} of {len(seen)} calls failed)" if len(seen) > 1 else ""
        detail = (
            f"{call}: {found.fault}{more}; expected {expected}. Next: {what_to_do}, or name the right address by "
            f"MODEL_GOVERNANCE_DEPENDENCIES, then clear test_deployment.validate"
        )
    else:
        detail = f"{call} and {len(seen) - 1} more" if len(seen) > 1 else call
    return check(
        f"{kind}.{one.name}",
        None if found.status is None else float(found.status),
        detail,
        minimum=min(one.status),
        maximum=max(one.status),
        expected=f"{expected}, with {', '.join(one.required) or 'no field'} required",
        observed={
            "calls": [
                {"call": calls.address(one, who), "status": each.status, "fault": each.fault} for who, each in seen
            ]
        },
        holds=not faulty,
    )


def answer_of(one: Dependency, answer: Answer) -> Any:
    """The JSON that a dependency answered; None where it is asked for none.

    Raises:
        EvaluationRefused: It did not answer, not as declared, or not what its schema says.
    """
    if answer.status is None or answer.problem or answer.status not in one.status:
        raise EvaluationRefused(f"answered {answer.said}" if answer.status else answer.said)
    if not (isinstance(one, Upstream) or one.required or one.answer_schema):
        return None
    try:
        found = json.loads(answer.body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as fault:
        raise EvaluationRefused(f"answered {answer.status}, but no JSON: {fault}") from None
    absent = [name for name in one.required if not isinstance(found, dict) or name not in found]
    if absent:
        raise EvaluationRefused(f"answered {answer.status}, but without {', '.join(absent)}")
    if one.answer_schema:
        _refuse_other_form(found, one.answer_schema, answer.status)
    return found


def row_of(source: Upstream, found: Any, features: Sequence[str]) -> Row:
    """The row that a source's answer holds.

    Raises:
        EvaluationRefused: Features are absent, or what stands there is no value of one.
    """
    place = found
    for part in filter(None, source.features_at.split(".")):
        place = place.get(part) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        raise EvaluationRefused(f"answered no object of features at {source.features_at or 'its root'}")
    names = {feature: source.names.get(feature, feature) for feature in features}
    absent = [name for name in names.values() if name not in place]
    if absent:
        raise EvaluationRefused(
            f"answered without the features {', '.join(absent[:5])} ({len(absent)} of {len(names)})"
        )
    wrong = [name for name in names.values() if not _is_cell(place[name])]
    if wrong:
        raise EvaluationRefused(f"answered features that are no number and no text: {', '.join(wrong[:5])}")
    return tuple(cell(place[name]) for name in names.values())


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _is_cell(value: Any) -> bool:
    return value is None or (isinstance(value, int | float | str) and not isinstance(value, bool))


def _refuse_other_form(found: Any, schema: dict[str, Any], status: int) -> None:
    """Raises unless the answer meets the schema; nothing that it refers to is ever fetched."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        fault = best_match(Draft202012Validator(schema, registry=Registry()).iter_errors(found))
    except (Unresolvable, RecursionError) as broken:
        raise EvaluationRefused(f"answered {status}, but its schema cannot be followed: {broken}") from None
    if fault is not None:
        words = " ".join(str(fault.message).split())[:200]
        raise EvaluationRefused(f"answered {status}, but not by its schema: at {fault.json_path}: {words}")
