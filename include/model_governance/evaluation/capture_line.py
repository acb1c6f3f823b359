"""One line of captured traffic, taken apart or refused; apart from the columns that its rows go into.

Source of the form: Amazon SageMaker AI Developer Guide, "Capture data" and "View captured data". The bodies are what
the endpoint takes and answers: text/csv, or application/json as {"instances": [...]} and {"predictions": [...]}.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from model_governance.domain.data import Data

LONGEST_LINE = 64 * 2**20
"""Bytes of a line that is read; SageMaker's largest payload is 25 MiB, a third more in base64."""
SHOWN = 60
"""Characters of a stranger's text that a message shows."""
_NUMBERS = ("score", "probability", "probabilities", "prediction")


class LineRefused(ValueError):
    """A line cannot be used.

    Attributes:
        reason: In words that are the same for all lines of one kind.
        detail: What it was in this one.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Request:
    """A captured request.

    Attributes:
        event_id: Its own id.
        joined_by: The inference id, or the event id of one without.
        time: When it was answered, aware.
        cells: The features of each row, in the declared order, as they were sent.
        predictions: The numbers of each row, one, or one for each class.
    """

    event_id: str
    joined_by: str
    time: datetime
    cells: list[list[str]]
    predictions: list[list[float]]


def parse_line(line: bytes) -> dict[str, Any]:
    """The JSON object in a line.

    Raises:
        LineRefused: It is none, or longer than ``LONGEST_LINE``.
    """
    if len(line) > LONGEST_LINE:
        raise LineRefused("is too long", f"{len(line)} bytes, of which {LONGEST_LINE} are read at most")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise LineRefused("is not JSON", str(fault)[:SHOWN]) from None
    if not isinstance(found, dict):
        raise LineRefused("is no JSON object", type(found).__name__)
    return found


def read_metadata(line: dict[str, Any]) -> dict[str, Any]:
    """The line's ``eventMetadata``, with an ``eventId``.

    Raises:
        LineRefused: It has none.
    """
    metadata = line.get("eventMetadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("eventId"), str) or not metadata["eventId"]:
        raise LineRefused("has no eventMetadata.eventId")
    return metadata


def read_time(metadata: dict[str, Any]) -> datetime:
    """When the request was answered; without a zone, UTC.

    Raises:
        LineRefused: It does not say.
    """
    try:
        time = datetime.fromisoformat(metadata["inferenceTime"])
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        shown = str(metadata.get("inferenceTime"))[:SHOWN]
        raise LineRefused("has no time", f"eventMetadata.inferenceTime is {shown!r}") from None


def read_request(line: dict[str, Any], data: Data) -> Request:
    """The request in a line.

    Raises:
        LineRefused: It lacks a part, or its bodies do not hold the declared features and predictions.
    """
    metadata = read_metadata(line)
    time = read_time(metadata)
    inference_id = metadata.get("inferenceId")
    captured = line.get("captureData")
    if not isinstance(captured, dict):
        raise LineRefused("has no captureData")
    cells = _rows(captured.get("endpointInput"), data.features)
    predictions = _predictions(captured.get("endpointOutput"), len(cells), data)
    joined_by = inference_id if isinstance(inference_id, str) and inference_id else metadata["eventId"]
    return Request(metadata["eventId"], joined_by, time, cells, predictions)


def csv_rows(text: str) -> list[list[str]]:
    """The rows of a CSV body; empty lines are none.

    Raises:
        LineRefused: It is not CSV.
    """
    if '"' not in text and "\r" not in text:
        return [row.split(",") for row in text.split("\n") if row]
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as fault:
        raise LineRefused("holds no CSV", str(fault)) from None


def read_body(part: Any, what: str) -> tuple[Any, bool]:
    """The body of one side of a line: text that is CSV, or a JSON value; and whether it is the latter.

    Raises:
        LineRefused: There is none, or it is not in its encoding.
    """
    if not isinstance(part, dict) or "data" not in part:
        raise LineRefused(f"has no {what}")
    content, encoding = part["data"], str(part.get("encoding", "CSV")).upper()
    kind = str(part.get("observedContentType", "")).split(";", maxsplit=1)[0].strip().lower()
    if encoding not in ("CSV", "JSON", "BASE64"):
        raise LineRefused(f"{what} has an unknown encoding", f"{encoding[:SHOWN]!r}; known: CSV, JSON, BASE64")
    if encoding == "BASE64":
        content = _decoded(content, what)
        encoding = "JSON" if kind.endswith("json") else "CSV"
    if encoding == "CSV":
        if not isinstance(content, str):
            raise LineRefused(f"{what} holds no CSV", f"its data is {type(content).__name__}")
        return content, False
    if not isinstance(content, str):
        return content, True
    try:
        return json.loads(content), True
    except (ValueError, RecursionError) as fault:
        raise LineRefused(f"{what} holds no JSON", str(fault)[:SHOWN]) from None


def _decoded(content: Any, what: str) -> str:
    try:
        return base64.b64decode(content, validate=True).decode("utf-8-sig")
    except (binascii.Error, UnicodeDecodeError, TypeError, ValueError) as fault:
        raise LineRefused(f"{what} is not base64 of UTF-8", str(fault)[:SHOWN]) from None


def _rows(part: Any, features: Sequence[str]) -> list[list[str]]:
    body, is_json = read_body(part, "endpointInput")
    rows = _json_rows(body, features) if is_json else csv_rows(body)
    if not rows:
        raise LineRefused("endpointInput holds no rows")
    for number, row in enumerate(rows, 1):
        if len(row) != len(features):
            detail = f"row {number} has {len(row)} fields; the model takes {len(features)}"
            raise LineRefused("endpointInput has another number of columns", detail)
    return rows


def _json_rows(body: Any, features: Sequence[str]) -> list[list[str]]:
    instances = body.get("instances") if isinstance(body, dict) else body
    if not isinstance(instances, list):
        raise LineRefused("endpointInput holds no instances")
    rows = []
    for number, instance in enumerate(instances, 1):
        values = instance
        if isinstance(instance, dict):
            if set(instance) != set(features):
                detail = f"instance {number} has {len(instance)} fields; the model takes {len(features)} by their names"
                raise LineRefused("endpointInput has another number of columns", detail)
            values = [instance[name] for name in features]
        if not isinstance(values, list):
            raise LineRefused("endpointInput holds no instances", f"instance {number} is {type(values).__name__}")
        rows.append([_cell(value) for value in values])
    return rows


def _cell(value: Any) -> str:
    """A JSON value as a cell of CSV would spell it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _predictions(part: Any, rows: int, data: Data) -> list[list[float]]:
    body, is_json = read_body(part, "endpointOutput")
    answers = _json_answers(body) if is_json else csv_rows(body)
    width = len(data.label.classes) or 1
    if width == 1 and len(answers) == 1 and len(answers[0]) == rows:
        answers = [[one] for one in answers[0]]
    if len(answers) != rows:
        raise LineRefused("has another number of predictions than rows", f"{len(answers)} predictions, {rows} rows")
    is_probability = not data.label.threshold
    for number, answer in enumerate(answers, 1):
        if len(answer) != width:
            detail = f"prediction {number} has {len(answer)} numbers; the label needs {width}"
            raise LineRefused("a prediction has another number of numbers", detail)
    return [[_number(one, number, is_probability) for one in answer] for number, answer in enumerate(answers, 1)]


def _json_answers(body: Any) -> list[list[Any]]:
    found = body.get("predictions") if isinstance(body, dict) else body
    if not isinstance(found, list):
        raise LineRefused("endpointOutput holds no predictions")
    answers = []
    for answer in found:
        value = answer
        if isinstance(answer, dict):
            value = next((answer[name] for name in _NUMBERS if name in answer), None)
        answers.append(value if isinstance(value, list) else [value])
    return answers


def _number(value: Any, row: int, is_probability: bool) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or (is_probability and not 0 <= number <= 1):
        wanted = "probability in [0, 1]" if is_probability else "finite number"
        raise LineRefused("a prediction is no number of the label", f"row {row}: {str(value)[:SHOWN]!r} is no {wanted}")
    return number
