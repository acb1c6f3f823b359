"""What of an exchange a configuration has captured, and the line it becomes; apart from where lines are kept.

Follows AWS's "Capture data from real-time endpoint".
"""

from __future__ import annotations

import base64
import json
import random
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sagemaker_server.runtime.objects import Location

UNTYPED = "application/octet-stream"
MODES = {"Input": ("Input",), "Output": ("Output",), "InputAndOutput": ("Input", "Output")}


@dataclass(frozen=True)
class Content:
    """A body and its type, as sent or answered."""

    body: bytes
    content_type: str | None


@dataclass(frozen=True)
class Exchange:
    """A request that was answered with 200.

    Attributes:
        endpoint: The endpoint's name.
        variant: The variant that answered.
        time: When it was asked, aware UTC.
        asked: What was sent.
        answered: What came back.
        inference_id: The caller's ``InferenceId``.
    """

    endpoint: str
    variant: str
    time: datetime
    asked: Content
    answered: Content
    inference_id: str | None = None


@dataclass(frozen=True)
class CaptureRule:
    """A ``DataCaptureConfig`` as it is applied.

    Attributes:
        destination: The prefix in the store.
        percentage: How many of a hundred exchanges are captured, in [0, 100].
        captures_input: Whether what was sent is captured.
        captures_output: Whether what was answered is captured.
        csv_types: Content types kept as CSV, in lower case.
        json_types: Content types kept as JSON, in lower case. Bodies of all others are kept in base64.
    """

    destination: Location
    percentage: int
    captures_input: bool
    captures_output: bool
    csv_types: frozenset[str]
    json_types: frozenset[str]

    @classmethod
    def of(cls, config: dict[str, Any] | None) -> CaptureRule | None:
        """The rule of a ``DataCaptureConfig``; None where nothing is captured.

        Raises:
            ValueError: The destination is not of the form s3://bucket/key.
        """
        if config is None or not config.get("EnableCapture", True):
            return None
        modes = {mode for option in config["CaptureOptions"] for mode in MODES[option["CaptureMode"]]}
        types = config.get("CaptureContentTypeHeader") or {}
        return cls(
            destination=Location.parse(config["DestinationS3Uri"]),
            percentage=config["InitialSamplingPercentage"],
            captures_input="Input" in modes,
            captures_output="Output" in modes,
            csv_types=frozenset(map(str.lower, types.get("CsvContentTypes", ()))),
            json_types=frozenset(map(str.lower, types.get("JsonContentTypes", ()))),
        )

    def draws(self) -> bool:
        """Whether the next exchange is among those captured, by chance."""
        return self.percentage >= 100 or random.random() * 100 < self.percentage  # noqa: S311 - no secret

    def line(self, exchange: Exchange) -> bytes:
        """The exchange as a line of JSON, under an event id of its own."""
        data: dict[str, Any] = {}
        if self.captures_input:
            data["endpointInput"] = self._part(exchange.asked, "INPUT")
        if self.captures_output:
            data["endpointOutput"] = self._part(exchange.answered, "OUTPUT")
        event: dict[str, Any] = {"eventId": str(uuid.uuid4())}
        if exchange.inference_id is not None:
            event["inferenceId"] = exchange.inference_id
        event["inferenceTime"] = f"{exchange.time:%Y-%m-%dT%H:%M:%SZ}"
        record = {"captureData": data, "eventMetadata": event, "eventVersion": "0"}
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    def _part(self, content: Content, mode: str) -> dict[str, str]:
        observed = content.content_type or UNTYPED
        data, encoding = self._encoded(content.body, observed.partition(";")[0].strip().lower())
        return {"observedContentType": observed, "mode": mode, "data": data, "encoding": encoding}

    def _encoded(self, body: bytes, media_type: str) -> tuple[str, str]:
        """The body as text: as it is where its type is said to be text and it is UTF-8, in base64 otherwise."""
        encoding = "CSV" if media_type in self.csv_types else "JSON" if media_type in self.json_types else "BASE64"
        if encoding != "BASE64":
            try:
                return body.decode(), encoding
            except UnicodeDecodeError:
                pass
        return base64.b64encode(body).decode("ascii"), "BASE64"
