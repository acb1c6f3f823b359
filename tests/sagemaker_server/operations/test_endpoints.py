"""Endpoints through boto3: served, replaced without a gap, fallen back, failed, revived, removed."""

from __future__ import annotations

import io
import json
import os
import stat
import threading

import numpy as np
import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.workshop import SCIKIT_LEARN, Workshop, archive, wait_until

ANSWERS = """
import json, os

def model_fn(model_dir):
    return "{version}"

def predict_fn(given, model):
    return model

def input_fn(body, content_type):
    return json.loads(body)

def output_fn(prediction, accept):
    return prediction, accept
"""
MISBEHAVES = """
import json, os, time

def model_fn(model_dir):
    return 1

def transform_fn(model, body, content_type, accept):
    if body == "die":
        os._exit(3)
    if body == "garbage":
        return object()
    if body == "raise":
        raise RuntimeError("no such customer")
    if body == "environment":
        return json.dumps(dict(os.environ)), "application/json"
    return body.upper(), "text/csv"
"""


def answers(version: str) -> str:
    return ANSWERS.replace("{version}", version)


def test_endpoint_answers_with_the_script_of_its_model(workshop: Workshop) -> None:
    workshop.endpoint(answers("one"))
    described = workshop.sagemaker.describe_endpoint(EndpointName=workshop.name)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", workshop.name)
    assert described["ProductionVariants"][0]["VariantName"] == "AllTraffic"
    answer = workshop.runtime.invoke_endpoint(EndpointName=workshop.name, Body=b"{}", Accept="text/plain")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"one", "text/plain")
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_xgboost_model_in_json_is_served_without_a_script(workshop: Workshop) -> None:
    train = """
import os, numpy, xgboost
features = numpy.array([[0.0], [1.0], [2.0], [3.0]])
data = xgboost.DMatrix(features, [0, 0, 1, 1])
booster = xgboost.train({"min_child_weight": 0, "objective": "binary:logistic"}, data, 5)
booster.save_model(os.environ["SM_MODEL_DIR"] + "/model.json")
"""
    described = workshop.trained(workshop.train(train))
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    container = {
        "Image": described["AlgorithmSpecification"]["TrainingImage"],
        "ModelDataUrl": described["ModelArtifacts"]["S3ModelArtifacts"],
    }
    workshop.sagemaker.create_model(ModelName=workshop.name, Containers=[container])
    config = workshop.config(workshop.name)
    workshop.sagemaker.create_endpoint(EndpointName=workshop.name, EndpointConfigName=config)
    assert workshop.settled(workshop.name)["EndpointStatus"] == "InService"
    probabilities = [float(line) for line in workshop.invoke("0\n3\n").split()]
    assert probabilities[0] < 0.5 < probabilities[1]
    assert json.loads(workshop.invoke("[[0], [3]]", "application/json", "application/json")) == pytest.approx(
        probabilities
    )


def test_default_functions_take_and_give_csv_json_and_npy(workshop: Workshop) -> None:
    workshop.endpoint(
        "def model_fn(d):\n    class M:\n        predict = lambda s, x: x.sum(1)\n    return M()", image=SCIKIT_LEARN
    )
    assert workshop.invoke("1,2\n3,4") == "3.0\n7.0\n"
    assert workshop.invoke("[[1, 2]]", "application/json", "application/json") == "[3.0]"
    array = io.BytesIO()
    np.save(array, np.array([[1.0, 2.0]]))
    answer = workshop.runtime.invoke_endpoint(
        EndpointName=workshop.name, Body=array.getvalue(), ContentType="application/x-npy", Accept="application/x-npy"
    )
    assert np.load(io.BytesIO(answer["Body"].read())).tolist() == [3.0]


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status"),
    [
        ("1,not a number", "text/csv", "text/csv", 400),
        ("{", "application/json", "text/csv", 400),
        ("[" * 100_000, "application/json", "text/csv", 400),
        ("", "text/csv", "text/csv", 400),
        (b"\xff\xfe", "text/csv", "text/csv", 400),
        ("1,2", "image/png", "text/csv", 415),
        ("1,2", "text/csv", "image/png", 406),
        (b"\x93NUMPY", "application/x-npy", "text/csv", 400),
    ],
)
def test_malformed_input_is_refused_and_the_endpoint_lives_on(
    summing: Workshop, body: str, content_type: str, accept: str, status: int
) -> None:
    with pytest.raises(summing.runtime.exceptions.ModelError) as refusal:
        summing.invoke(body, content_type, accept)
    assert refusal.value.response["OriginalStatusCode"] == status
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert summing.invoke("1,2") == "3.0\n"


@pytest.fixture(scope="module")
def summing(server_and_store: object) -> Workshop:
    shared = Workshop(server_and_store, "sums-its-columns")  # type: ignore[arg-type]
    script = "def model_fn(d):\n    class M:\n        predict = lambda s, x: x.sum(1)\n    return M()"
    shared.endpoint(script, image=SCIKIT_LEARN)
    return shared


def test_misbehaving_script_is_told_of_and_its_process_replaced(workshop: Workshop) -> None:
    workshop.endpoint(MISBEHAVES)
    assert workshop.invoke("fine") == "FINE"
    for body, said in (("raise", "RuntimeError: no such customer"), ("garbage", "answered with object")):
        with pytest.raises(workshop.runtime.exceptions.ModelError, match=said) as failure:
            workshop.invoke(body)
        assert failure.value.response["OriginalStatusCode"] == 500
    with pytest.raises(workshop.runtime.exceptions.ModelError, match="ended before it answered"):
        workshop.invoke("die")
    assert workshop.invoke("fine") == "FINE"


def test_environment_of_a_serving_process_holds_no_secret(workshop: Workshop) -> None:
    workshop.endpoint(MISBEHAVES)
    told = json.loads(workshop.invoke("environment"))
    assert set(told) - {"LC_CTYPE"} == {
        "PATH",
        "HOME",
        "TMPDIR",
        "LANG",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
        "PYTHONHASHSEED",
        "SAGEMAKER_PROGRAM",
        "SAGEMAKER_SERVER_WORKLOAD",
    }


def test_sockets_can_be_opened_by_the_server_s_user_alone(workshop: Workshop) -> None:
    workshop.endpoint(answers("one"))
    from sagemaker_server.runtime.sockets import socket_folder

    folder = socket_folder(workshop.server.home)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder.stat().st_uid == os.getuid()
    assert {stat.S_IMODE(socket.stat().st_mode) for socket in folder.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("def model_fn(d): raise RuntimeError('weights are missing')", "RuntimeError: weights are missing"),
        ("def model_fn(d:", "SyntaxError"),
        ("import os; os._exit(4)", "ended before it answered /ping"),
        ("def model_fn(d): pass\ndef transform_fn(): pass\ndef input_fn(): pass", "transform_fn replaces"),
    ],
    ids=["raises", "syntax", "exits", "both"],
)
def test_model_that_does_not_load_fails_the_endpoint_with_its_last_words(
    workshop: Workshop, script: str, said: str
) -> None:
    workshop.endpoint(script)
    described = workshop.sagemaker.describe_endpoint(EndpointName=workshop.name)
    assert described["EndpointStatus"] == "Failed"
    assert "AllTraffic did not pass the ping health check" in described["FailureReason"]
    assert said in described["FailureReason"]
    with pytest.raises(ClientError, match=r"ValidationError.*not found"):
        workshop.invoke("x")
    with pytest.raises(ClientError, match="can only be deleted"):
        workshop.sagemaker.update_endpoint(EndpointName=workshop.name, EndpointConfigName=workshop.name)
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        workshop.sagemaker.create_endpoint(EndpointName=workshop.name, EndpointConfigName=workshop.name)


def test_named_script_that_is_missing_or_outside_fails_the_endpoint(workshop: Workshop) -> None:
    url = workshop.put("model.tar.gz", archive({"x": ""}))
    for number, program in enumerate(("absent.py", "../../../etc/hostname")):
        name = f"{workshop.name[:50]}-{number}"
        container = {
            "Image": SCIKIT_LEARN,
            "ModelDataUrl": url,
            "Environment": {"SAGEMAKER_PROGRAM": program},
        }
        workshop.sagemaker.create_model(ModelName=name, PrimaryContainer=container)
        workshop.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=workshop.config(name))
        assert "ScriptFaulty: SAGEMAKER_PROGRAM" in workshop.settled(name)["FailureReason"]


def test_update_switches_without_a_failed_request(workshop: Workshop) -> None:
    workshop.endpoint(answers("one"))
    second = workshop.config(workshop.model(answers("two"), f"{workshop.name}-2"))
    said, done = [], threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            said.append(workshop.invoke("{}", accept="text/plain"))

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        workshop.sagemaker.update_endpoint(EndpointName=workshop.name, EndpointConfigName=second)
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            workshop.sagemaker.update_endpoint(EndpointName=workshop.name, EndpointConfigName=second)
        described = workshop.settled(workshop.name)
    finally:
        done.set()
        asking.join()
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", second)
    assert workshop.invoke("{}") == "two"
    assert said == sorted(said) and said[0] == "one"


def test_update_that_does_not_come_up_leaves_the_old_in_service(workshop: Workshop) -> None:
    workshop.endpoint(answers("one"))
    second = workshop.config(workshop.model("def model_fn(d): raise OSError('disk')", f"{workshop.name[:50]}-2"))
    workshop.sagemaker.update_endpoint(EndpointName=workshop.name, EndpointConfigName=second)
    described = workshop.settled(workshop.name)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", workshop.name)
    assert "OSError: disk" in described["FailureReason"]
    assert workshop.invoke("{}") == "one"


def test_killed_serving_process_is_started_again(workshop: Workshop) -> None:
    workshop.endpoint("import os\ndef model_fn(d): return 1\ndef transform_fn(*_): return str(os.getpid())")
    first = int(workshop.invoke("x"))
    os.kill(first, 9)
    second = wait_until(lambda: _asked(workshop), "the endpoint answers again")
    assert second != str(first)


def _asked(workshop: Workshop) -> str | None:
    try:
        return workshop.invoke("x")
    except ClientError:
        return None


def test_deleted_endpoint_is_gone_with_its_process(workshop: Workshop) -> None:
    workshop.endpoint("import os\ndef model_fn(d): return 1\ndef transform_fn(*_): return str(os.getpid())")
    pid = int(workshop.invoke("x"))
    workshop.sagemaker.delete_endpoint(EndpointName=workshop.name)
    waiter = workshop.sagemaker.get_waiter("endpoint_deleted")
    waiter.wait(EndpointName=workshop.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(ClientError, match="ValidationError"):
        workshop.invoke("x")
    workshop.sagemaker.delete_endpoint_config(EndpointConfigName=workshop.name)
    workshop.sagemaker.delete_model(ModelName=workshop.name)
    with pytest.raises(ClientError, match="Could not find model"):
        workshop.sagemaker.describe_model(ModelName=workshop.name)


def test_missing_things_are_told_by_aws_s_words(workshop: Workshop) -> None:
    with pytest.raises(ClientError, match=r'ValidationException.*Could not find endpoint "arn:aws:sagemaker:'):
        workshop.sagemaker.describe_endpoint(EndpointName="no-such-endpoint")
    with pytest.raises(ClientError, match=r"ValidationException.*Could not find endpoint configuration"):
        workshop.sagemaker.create_endpoint(EndpointName=workshop.name, EndpointConfigName="no-such-config")
    with pytest.raises(
        ClientError, match=r"ValidationError.*Endpoint no-such-endpoint of account 111122223333 not found"
    ):
        workshop.runtime.invoke_endpoint(EndpointName="no-such-endpoint", Body=b"")
