"""Transform jobs through boto3: how inputs are cut, what is stored, and what happens to input that a model refuses."""

from __future__ import annotations

import gzip
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.workshop import FINAL, Workshop, wait_until

COUNTS_ITS_LINES = """
def model_fn(model_dir):
    return "model"

def input_fn(body, content_type):
    rows = body.splitlines()
    if "refuse" in rows:
        raise ValueError("a row says refuse")
    return rows

def predict_fn(rows, model):
    return [f"{row}:{len(rows)}" for row in rows]

def output_fn(lines, accept):
    return "\\n".join(lines), "text/csv"
"""


def transform(workshop: Workshop, uri: str, **changes: Any) -> dict[str, Any]:
    """Runs a transform job; its description once it has ended."""
    request = {
        "TransformJobName": workshop.name,
        "ModelName": workshop.name,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": workshop.uri("transform"), "AssembleWith": "Line", "Accept": "text/csv"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    workshop.sagemaker.create_transform_job(**{**request, **changes})
    return ended(workshop)


def ended(workshop: Workshop) -> dict[str, Any]:
    def described() -> dict[str, Any]:
        answer: dict[str, Any] = workshop.sagemaker.describe_transform_job(TransformJobName=workshop.name)
        return answer

    wait_until(lambda: described()["TransformJobStatus"] in FINAL, "the transform job ends")
    return described()


def test_lines_are_sent_together_and_each_answer_ends_its_line(workshop: Workshop) -> None:
    workshop.model(COUNTS_ITS_LINES)
    uri = workshop.put("data/holdout.csv", "a\nb\nc\n")
    described = transform(workshop, uri)
    assert described["TransformJobStatus"] == "Completed", described.get("FailureReason")
    assert workshop.get(workshop.uri("transform/holdout.csv.out")) == b"a:3\nb:3\nc:3\n"
    assert described["TransformEndTime"] >= described["TransformStartTime"]


def test_single_record_sends_a_line_at_a_time_and_keeps_the_order(workshop: Workshop) -> None:
    workshop.model(COUNTS_ITS_LINES)
    uri = workshop.put("data/holdout.csv", "".join(f"{n}\n" for n in range(20)))
    transform(workshop, uri, BatchStrategy="SingleRecord", MaxConcurrentTransforms=4)
    expected = "".join(f"{n}:1\n" for n in range(20))
    assert workshop.get(workshop.uri("transform/holdout.csv.out")).decode() == expected


def test_every_object_of_a_prefix_is_transformed_into_one_of_its_own(workshop: Workshop) -> None:
    workshop.model(COUNTS_ITS_LINES)
    workshop.put("data/a.csv", "1\n2")
    workshop.put("data/deep/b.csv", "3\n")
    transform(workshop, workshop.uri("data/"))
    assert workshop.get(workshop.uri("transform/a.csv.out")) == b"1:2\n2:2\n"
    assert workshop.get(workshop.uri("transform/deep/b.csv.out")) == b"3:1\n"


def test_gzipped_input_is_unpacked(workshop: Workshop) -> None:
    workshop.model(COUNTS_ITS_LINES)
    uri = workshop.put("data/holdout.csv.gz", gzip.compress(b"a\n"))
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    given = {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line", "CompressionType": "Gzip"}
    transform(workshop, uri, TransformInput=given)
    assert workshop.get(workshop.uri("transform/holdout.csv.gz.out")) == b"a:1\n"


def test_refused_record_fails_the_job_with_the_reason_and_stores_nothing(workshop: Workshop) -> None:
    workshop.model(COUNTS_ITS_LINES)
    uri = workshop.put("data/holdout.csv", "a\nrefuse\n")
    described = transform(workshop, uri)
    assert described["TransformJobStatus"] == "Failed"
    assert "ClientError: the model refused a request with 400" in described["FailureReason"]
    assert "a row says refuse" in described["FailureReason"]
    with pytest.raises(workshop.s3.exceptions.NoSuchKey):
        workshop.get(workshop.uri("transform/holdout.csv.out"))


def test_record_larger_than_the_payload_fails_the_job(workshop: Workshop) -> None:
    workshop.model(COUNTS_ITS_LINES)
    uri = workshop.put("data/holdout.csv", "a\n" + "b" * (1 << 20) + "\n")
    assert "line 2 is larger than MaxPayloadInMB (1)" in transform(workshop, uri, MaxPayloadInMB=1)["FailureReason"]


def test_model_that_does_not_load_fails_the_job_with_its_last_words(workshop: Workshop) -> None:
    workshop.model("def model_fn(model_dir):\n    raise RuntimeError('weights are missing')")
    reason = transform(workshop, workshop.put("data/holdout.csv", "a\n"))["FailureReason"]
    assert "did not pass the ping health check" in reason
    assert "RuntimeError: weights are missing" in reason


def test_transform_job_is_stopped(workshop: Workshop) -> None:
    workshop.model("import time\ndef model_fn(d): return 1\ndef transform_fn(*_): time.sleep(600)")
    uri = workshop.put("data/holdout.csv", "a\n")
    request = {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}
    source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
    output = {"S3OutputPath": workshop.uri("transform")}
    workshop.sagemaker.create_transform_job(
        TransformJobName=workshop.name,
        ModelName=workshop.name,
        TransformInput=source,
        TransformOutput=output,
        **request,
    )
    time.sleep(0.5)  # wherever it is by then, it stops
    workshop.sagemaker.stop_transform_job(TransformJobName=workshop.name)
    assert ended(workshop)["TransformJobStatus"] == "Stopped"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"MaxPayloadInMB": 50, "MaxConcurrentTransforms": 3},
            "MaxConcurrentTransforms \\* MaxPayloadInMB is 3 \\* 50",
        ),
        ({"DataProcessing": {"JoinSource": "Input"}}, "JoinSource 'Input' cannot be honoured"),
        ({"ModelName": "no-such-model"}, "Could not find model"),
    ],
    ids=["payload", "join", "model"],
)
def test_what_cannot_be_done_is_refused_at_once(workshop: Workshop, changes: dict[str, Any], said: str) -> None:
    workshop.model(COUNTS_ITS_LINES)
    with pytest.raises(ClientError, match=f"ValidationException.*{said}"):
        transform(workshop, workshop.uri("data/"), **changes)
