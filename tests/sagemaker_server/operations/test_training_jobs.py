"""Training jobs through boto3: what runs, what comes out, and how each way of going wrong is told."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.workshop import SCIKIT_LEARN, Workshop, archive, wait_until

WRITES_A_MODEL = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int)
parser.add_argument("--label")
arguments = parser.parse_args()
rows = (pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]) / "train.csv").read_text().splitlines()
model = pathlib.Path(os.environ["SM_MODEL_DIR"])
(model / "code").mkdir()
(model / "code" / "inference.py").write_text("# served")
(model / "model.json").write_text(f"{arguments.depth} {arguments.label} {len(rows)}")
(pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"]) / "metrics.json").write_text("{}")
"""
NEVER_ENDS = "import time\nprint('training', flush=True)\nwhile True: time.sleep(0.1)"
TELLS_ITS_ENVIRONMENT = """
import json, os, pathlib
pathlib.Path(os.environ["SM_MODEL_DIR"], "environment.json").write_text(json.dumps(dict(os.environ)))
"""
REPLACES_ITS_MODEL_FOLDER = """
import os
os.rmdir(os.environ["SM_MODEL_DIR"])
os.symlink("/etc", os.environ["SM_MODEL_DIR"])
"""
LINKS_ITS_FAILURE = """
import os, sys
os.symlink("/etc/passwd", os.environ["SM_OUTPUT_DIR"] + "/failure")
sys.exit("No such failure\\0")
"""


def members(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        files = ((member.name, tar.extractfile(member)) for member in tar if member.isreg())
        return {name: file.read() for name, file in files if file is not None}


def channel(uri: str, name: str = "train") -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}


def test_script_gets_channel_and_hyperparameters_and_its_files_become_artifacts(workshop: Workshop) -> None:
    data = workshop.put("data/train.csv", "1,2\n3,4\n")
    job = workshop.train(
        WRITES_A_MODEL, HyperParameters={"depth": "3", "label": '"approve"'}, InputDataConfig=[channel(data)]
    )
    described = workshop.trained(job)
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    assert described["ModelArtifacts"]["S3ModelArtifacts"] == workshop.uri(f"training/{job}/output/model.tar.gz")
    made = members(workshop.get(described["ModelArtifacts"]["S3ModelArtifacts"]))
    assert made == {"code/inference.py": b"# served", "model.json": b"3 approve 2"}
    assert members(workshop.get(workshop.uri(f"training/{job}/output/output.tar.gz"))) == {"metrics.json": b"{}"}
    stages = [transition["Status"] for transition in described["SecondaryStatusTransitions"]]
    assert stages == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert described["TrainingEndTime"] >= described["TrainingStartTime"] >= described["CreationTime"]


def test_same_job_run_twice_writes_the_same_bytes(workshop: Workshop) -> None:
    data = workshop.put("data/train.csv", "1,2\n")
    made = []
    for attempt in ("first", "second"):
        job = workshop.train(
            WRITES_A_MODEL,
            f"{workshop.name[:40]}-{attempt}",
            HyperParameters={"depth": "3", "label": "plain"},
            InputDataConfig=[channel(data)],
        )
        made.append(workshop.get(workshop.trained(job)["ModelArtifacts"]["S3ModelArtifacts"]))
    assert made[0] == made[1]


def test_environment_of_the_script_holds_no_secret_and_nothing_of_the_server(workshop: Workshop) -> None:
    described = workshop.trained(workshop.train(TELLS_ITS_ENVIRONMENT, Environment={"OWN": "value"}))
    told = json.loads(members(workshop.get(described["ModelArtifacts"]["S3ModelArtifacts"]))["environment.json"])
    expected = {
        "PATH",
        "HOME",
        "TMPDIR",
        "LANG",
        "OWN",
        "TRAINING_JOB_NAME",
        "TRAINING_JOB_ARN",
        "SAGEMAKER_SERVER_WORKLOAD",
    }
    others = {name for name in told if not name.startswith(("SM_", "PYTHON"))} - expected - {"LC_CTYPE"}
    assert others == set()
    assert "PYTHONPATH" not in told
    secrets = [file.read_text() for file in workshop.server.settings.secrets.iterdir() if file.is_file()]
    assert not any(value in secret for value in told.values() if len(value) > 20 for secret in secrets)


def test_failing_script_tells_its_last_words(workshop: Workshop) -> None:
    script = "import sys\nprint('reading')\nraise ValueError('column approve is missing')"
    described = workshop.trained(workshop.train(script))
    assert described["TrainingJobStatus"] == "Failed"
    assert described["SecondaryStatus"] == "Failed"
    assert described["FailureReason"].startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1")
    assert "ValueError: column approve is missing" in described["FailureReason"]
    assert described["FailureReason"].endswith("exit code: 1")
    assert len(described["FailureReason"]) <= 1024


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (archive({"train.py": "def broken(:\n"}), "SyntaxError"),
        (archive({"other.py": ""}), "is not in sagemaker_submit_directory, which has: other.py"),
        (archive({"../train.py": ""}), "outside the destination"),
        (b"no archive", "cannot be unpacked"),
        (archive({"train.py": "import os; os.kill(os.getpid(), 9)"}), "Killed by SIGKILL"),
        (archive({"train.py": "import os; os.symlink('/etc/passwd', os.environ['SM_MODEL_DIR'] + '/model')"}), "plain"),
        (archive({"train.py": REPLACES_ITS_MODEL_FOLDER}), "the script put a link in the place of model"),
        (archive({"train.py": LINKS_ITS_FAILURE}), "No such failure"),
    ],
    ids=["syntax", "missing", "escaping", "garbage", "killed", "link", "linked-folder", "linked-failure"],
)
def test_unusable_source_fails_the_job_with_the_reason(workshop: Workshop, source: bytes, said: str) -> None:
    described = workshop.trained(workshop.train(source))
    assert described["TrainingJobStatus"] == "Failed"
    assert said in described["FailureReason"]


def test_missing_input_fails_the_job_and_names_it(workshop: Workshop) -> None:
    job = workshop.train("", InputDataConfig=[channel(workshop.uri("nowhere/"))])
    assert f"no S3 objects found under {workshop.uri('nowhere/')}" in workshop.trained(job)["FailureReason"]


def test_endless_script_is_stopped(workshop: Workshop) -> None:
    job = workshop.train(NEVER_ENDS)
    workshop.reach(job, "Training")
    workshop.sagemaker.stop_training_job(TrainingJobName=job)
    described = workshop.trained(job)
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert "FailureReason" not in described
    with pytest.raises(ClientError, match="rejected because the training job is in status Stopped"):
        workshop.sagemaker.stop_training_job(TrainingJobName=job)


def test_job_that_has_not_begun_is_stopped_at_once(workshop: Workshop) -> None:
    running = [workshop.train(NEVER_ENDS, f"{workshop.name}-{n}") for n in range(2)]
    for job in running:
        workshop.reach(job, "Training")
    waiting = workshop.train(NEVER_ENDS)
    workshop.sagemaker.stop_training_job(TrainingJobName=waiting)
    assert workshop.job(waiting)["TrainingJobStatus"] == "Stopped"
    for job in running:
        workshop.sagemaker.stop_training_job(TrainingJobName=job)
        assert workshop.trained(job)["TrainingJobStatus"] == "Stopped"


def test_script_that_saves_on_sigterm_keeps_its_model(workshop: Workshop) -> None:
    script = """
import os, pathlib, signal, sys, time
def save(*_):
    pathlib.Path(os.environ["SM_MODEL_DIR"], "kept").write_text("so far")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
while True: time.sleep(0.1)
"""
    job = workshop.train(script)
    wait_until(lambda: "ready" in workshop.log_of(job), "the script is ready")
    workshop.sagemaker.stop_training_job(TrainingJobName=job)
    described = workshop.trained(job)
    assert described["TrainingJobStatus"] == "Stopped"
    assert members(workshop.get(described["ModelArtifacts"]["S3ModelArtifacts"])) == {"kept": b"so far"}


def test_job_over_its_time_is_stopped(workshop: Workshop) -> None:
    job = workshop.train(NEVER_ENDS, StoppingCondition={"MaxRuntimeInSeconds": 1})
    described = workshop.trained(job)
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_scikit_learn_image_has_its_own_versions(workshop: Workshop) -> None:
    script = (
        "import os, pathlib, sklearn\npathlib.Path(os.environ['SM_MODEL_DIR'], 'v').write_text(sklearn.__version__)"
    )
    specification = {"TrainingImage": SCIKIT_LEARN, "TrainingInputMode": "File"}
    described = workshop.trained(workshop.train(script, AlgorithmSpecification=specification))
    assert members(workshop.get(described["ModelArtifacts"]["S3ModelArtifacts"])) == {"v": b"1.4.2"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"AlgorithmSpecification": {"TrainingImage": "x/pytorch:2.1", "TrainingInputMode": "File"}},
            "Known images, from any registry: sagemaker-scikit-learn:1.4-2, sagemaker-xgboost:3.0-5",
        ),
        ({"EnableNetworkIsolation": True}, "EnableNetworkIsolation cannot be honoured"),
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}},
            "InstanceCount 2",
        ),
        ({"OutputDataConfig": {"S3OutputPath": "s3://b/x", "KmsKeyId": "k"}}, "KmsKeyId cannot be honoured"),
        ({"HyperParameters": {"sagemaker_submit_directory": '"https://x/y"'}}, "must be of the form s3://"),
    ],
    ids=["image", "isolation", "instances", "encryption", "source"],
)
def test_what_cannot_be_honoured_is_refused_at_once(workshop: Workshop, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ClientError, match="ValidationException") as refusal:
        workshop.train("", **changes)
    assert said in str(refusal.value)


def test_name_can_be_used_once(workshop: Workshop) -> None:
    job = workshop.train("")
    with pytest.raises(workshop.sagemaker.exceptions.ResourceInUse, match="already exists"):
        workshop.train("", job)
    found = workshop.sagemaker.list_training_jobs(NameContains=job)["TrainingJobSummaries"]
    assert [summary["TrainingJobName"] for summary in found] == [job]
    workshop.trained(job)


def test_unknown_job_is_a_validation_exception(workshop: Workshop) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*Requested resource not found"):
        workshop.job("no-such-job")


def test_output_is_kept_and_read_as_log_events(workshop: Workshop) -> None:
    job = workshop.train("print('one')\nprint('two')")
    workshop.trained(job)
    logs = workshop.server.client("logs", "admin")
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
    assert [stream["logStreamName"].startswith(f"{job}/algo-1-") for stream in streams] == [True]
    stream = streams[0]["logStreamName"]
    first = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    assert [event["message"] for event in first["events"]][-2:] == ["one", "two"]
    token = first["nextForwardToken"]
    rest = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, nextToken=token)
    assert (rest["events"], rest["nextForwardToken"]) == ([], token)
