"""Endpoints with data capture, and what of it is in the store; shared by the tests of it."""

from __future__ import annotations

import json
from typing import Any

from tests.sagemaker_server.workshop import BUCKET, Workshop, wait_until

SHOUTS = """
def model_fn(d): return 1
def transform_fn(model, body, content_type, accept):
    if body == "raise":
        raise RuntimeError("no such customer")
    return (body.upper(), accept)
"""
CSV_AND_JSON = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}


def capture_config(workshop: Workshop, **changes: Any) -> dict[str, Any]:
    """A ``DataCaptureConfig`` that captures all of both sides, with changes."""
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": workshop.uri("capture"),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": CSV_AND_JSON,
        **changes,
    }


def captured_endpoint(workshop: Workshop, **changes: Any) -> None:
    """Makes an endpoint of one name with model and configuration; it captures and answers in capitals."""
    config = workshop.config(workshop.model(SHOUTS), DataCaptureConfig=capture_config(workshop, **changes))
    workshop.sagemaker.create_endpoint(EndpointName=workshop.name, EndpointConfigName=config)
    assert workshop.settled(workshop.name)["EndpointStatus"] == "InService"


def captured_keys(workshop: Workshop) -> list[str]:
    """The keys of the captured objects, below the destination."""
    prefix = f"use-cases/{workshop.name}/capture/"
    listed = workshop.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return [entry["Key"].removeprefix(prefix) for entry in listed]


def captured_lines(workshop: Workshop) -> list[dict[str, Any]]:
    """Every line in the store."""
    bodies = [workshop.get(workshop.uri(f"capture/{key}")).decode() for key in captured_keys(workshop)]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def wait_for_lines(workshop: Workshop, count: int) -> list[dict[str, Any]]:
    """The lines in the store once there are that many."""
    wait_until(lambda: len(captured_lines(workshop)) >= count, f"{count} lines are captured")
    return captured_lines(workshop)
