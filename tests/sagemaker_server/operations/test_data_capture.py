"""Data capture through boto3: accepted and told as AWS does, and in the store in SageMaker's form."""

from __future__ import annotations

import base64
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.capturing import (
    SHOUTS,
    capture_config,
    captured_endpoint,
    captured_keys,
    captured_lines,
    wait_for_lines,
)
from tests.sagemaker_server.workshop import Workshop


def test_configuration_and_endpoint_tell_what_is_captured(workshop: Workshop) -> None:
    captured_endpoint(workshop, InitialSamplingPercentage=40)
    config = workshop.sagemaker.describe_endpoint_config(EndpointConfigName=workshop.name)
    assert config["DataCaptureConfig"] == capture_config(workshop, InitialSamplingPercentage=40)
    summary = workshop.sagemaker.describe_endpoint(EndpointName=workshop.name)["DataCaptureConfig"]
    assert summary == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 40,
        "DestinationS3Uri": workshop.uri("capture"),
        "KmsKeyId": "",
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"DestinationS3Uri": "https://bucket/prefix"}, "must be of the form s3://bucket/key"),
        ({"KmsKeyId": "alias/secret"}, "KmsKeyId cannot be honoured"),
        ({"InitialSamplingPercentage": 101}, "less than or equal to 100"),
        ({"CaptureOptions": [{"CaptureMode": "Both"}]}, r"enum value set: \[Input, Output, InputAndOutput\]"),
        (
            {"CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["TEXT/csv"]}},
            "text/csv cannot be CSV and JSON",
        ),
    ],
)
def test_capture_that_cannot_be_done_is_refused(workshop: Workshop, changes: dict[str, Any], said: str) -> None:
    model = f"m-{uuid.uuid4().hex[:12]}"
    workshop.model(SHOUTS, model)
    with pytest.raises(ClientError, match=rf"ValidationException.*{said}"):
        workshop.config(model, DataCaptureConfig=capture_config(workshop, **changes))


def test_exchange_is_in_the_store_in_sagemaker_s_form(workshop: Workshop) -> None:
    captured_endpoint(workshop)
    before = datetime.now(UTC).replace(microsecond=0)
    assert workshop.invoke("a,b\nc,d", InferenceId="row 17") == "A,B\nC,D"
    (line,) = wait_for_lines(workshop, 1)
    event = line["eventMetadata"]
    assert line == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "text/csv",
                "mode": "INPUT",
                "data": "a,b\nc,d",
                "encoding": "CSV",
            },
            "endpointOutput": {
                "observedContentType": "text/csv",
                "mode": "OUTPUT",
                "data": "A,B\nC,D",
                "encoding": "CSV",
            },
        },
        "eventMetadata": {
            "eventId": str(uuid.UUID(event["eventId"])),
            "inferenceId": "row 17",
            "inferenceTime": event["inferenceTime"],
        },
        "eventVersion": "0",
    }
    at = datetime.fromisoformat(event["inferenceTime"])
    assert event["inferenceTime"].endswith("Z")
    assert timedelta() <= at - before < timedelta(minutes=2)
    (key,) = captured_keys(workshop)
    assert re.fullmatch(
        rf"{workshop.name}/AllTraffic/{at:%Y/%m/%d/%H}/\d\d-\d\d-\d{{3}}-[0-9a-f-]{{36}}\.jsonl", key
    ), key


def test_bodies_are_kept_as_their_content_types_are_declared(workshop: Workshop) -> None:
    captured_endpoint(workshop)
    workshop.invoke("x", "text/csv; charset=utf-8", "application/json")
    workshop.invoke('"é"', "application/json", "text/plain")
    lines = wait_for_lines(workshop, 2)
    parts = {
        (part["observedContentType"], part["encoding"], part["data"])
        for line in lines
        for part in line["captureData"].values()
    }
    assert parts == {
        ("text/csv; charset=utf-8", "CSV", "x"),
        ("application/json", "JSON", "X"),
        ("application/json", "JSON", '"é"'),
        ("text/plain", "BASE64", base64.b64encode('"É"'.encode()).decode()),
    }
    assert all("inferenceId" not in line["eventMetadata"] for line in lines)


def test_one_side_alone_is_captured_where_only_it_is_asked_for(workshop: Workshop) -> None:
    captured_endpoint(workshop, CaptureOptions=[{"CaptureMode": "Output"}])
    workshop.invoke("x")
    (line,) = wait_for_lines(workshop, 1)
    assert list(line["captureData"]) == ["endpointOutput"]


def test_failed_answers_are_not_captured(workshop: Workshop) -> None:
    captured_endpoint(workshop)
    with pytest.raises(workshop.runtime.exceptions.ModelError):
        workshop.invoke("raise")
    workshop.invoke("well")
    lines = wait_for_lines(workshop, 1)
    assert [line["captureData"]["endpointInput"]["data"] for line in lines] == ["well"]


def test_nothing_is_captured_where_capture_is_off_or_samples_nothing(workshop: Workshop) -> None:
    captured_endpoint(workshop, EnableCapture=False)
    summary = workshop.sagemaker.describe_endpoint(EndpointName=workshop.name)["DataCaptureConfig"]
    assert (summary["EnableCapture"], summary["CaptureStatus"]) == (False, "Stopped")
    workshop.invoke("off")
    for percentage in (0, 100):
        changed = capture_config(workshop, InitialSamplingPercentage=percentage)
        config = workshop.config(workshop.name, f"{workshop.name[:50]}-{percentage}", DataCaptureConfig=changed)
        workshop.sagemaker.update_endpoint(EndpointName=workshop.name, EndpointConfigName=config)
        assert workshop.settled(workshop.name)["EndpointConfigName"] == config
        workshop.invoke(f"at {percentage} percent")
    lines = wait_for_lines(workshop, 1)
    assert [line["captureData"]["endpointInput"]["data"] for line in lines] == ["at 100 percent"]


def test_a_sample_is_a_share_of_the_exchanges(workshop: Workshop) -> None:
    captured_endpoint(workshop, InitialSamplingPercentage=50)
    for number in range(100):
        workshop.invoke(str(number))
    workshop.server.end("sagemaker")  # whose orderly end sends everything
    try:
        assert 20 <= len(captured_lines(workshop)) <= 80  # outside once in 10^9 runs
    finally:
        workshop.server.start_server()


def test_many_callers_at_once_are_all_captured_once(workshop: Workshop) -> None:
    captured_endpoint(workshop)
    bodies = [f"{caller}-{number}" for caller in range(16) for number in range(20)]
    with ThreadPoolExecutor(16) as callers:
        answers = callers.map(lambda body: workshop.invoke(body, InferenceId=body), bodies)
        assert list(answers) == [body.upper() for body in bodies]
    lines = wait_for_lines(workshop, len(bodies))
    assert sorted(line["eventMetadata"]["inferenceId"] for line in lines) == sorted(bodies)
    assert len({line["eventMetadata"]["eventId"] for line in lines}) == len(bodies)
    assert all(
        line["captureData"]["endpointOutput"]["data"] == line["eventMetadata"]["inferenceId"].upper() for line in lines
    )
