"""Airflow's SageMaker operators and hook against this server: they make the calls, and find the fields, they need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.sagemaker_server.workshop import ROLE, XGBOOST, Workshop, archive

from stack.credentials import Credentials

OPERATORS = """
import json, sys
from airflow.providers.amazon.aws.hooks.sagemaker import LogState, SageMakerHook
from airflow.providers.amazon.aws.operators import sagemaker as operators

class TaskInstance:
    xcom_push = lambda self, **_: None

asked, told = json.loads(sys.argv[1]), {}
context = {"ti": TaskInstance(), "task_instance": TaskInstance()}
common = {"aws_conn_id": "aws_default", "check_interval": 1}
training = operators.SageMakerTrainingOperator(task_id="train", config=asked["training"], print_log=False, **common)
told["training"] = training.execute(context)["Training"]
hook = SageMakerHook(aws_conn_id="aws_default")
lines = []
hook.log.info = lambda message, *_: lines.append(str(message))
name = asked["training"]["TrainingJobName"]
hook.describe_training_job_with_log(name, {}, [], 1, LogState.COMPLETE, {}, 0.0)
told["lines"] = lines
asked["transform"]["Model"]["PrimaryContainer"]["ModelDataUrl"] = told["training"]["ModelArtifacts"]["S3ModelArtifacts"]
transform = operators.SageMakerTransformOperator(task_id="transform", config=asked["transform"], **common)
told["transform"] = transform.execute(context)["Transform"]
elsewhere = {**common, "aws_conn_id": "aws_test"}
asked["endpoint"]["Model"]["PrimaryContainer"] = asked["transform"]["Model"]["PrimaryContainer"]
endpoint = operators.SageMakerEndpointOperator(task_id="endpoint", config=asked["endpoint"], **elsewhere)
told["endpoint"] = endpoint.execute(context)["Endpoint"]
only = {"Endpoint": asked["endpoint"]["Endpoint"]}
again = operators.SageMakerEndpointOperator(task_id="again", config=only, **elsewhere)
told["again"] = again.execute(context)["Endpoint"]
told["exists"] = training._check_if_job_exists("no-such-job", hook.describe_training_job)
sys.stdout.write("TOLD " + json.dumps(told, default=str))
"""
TRAINS = """
import os, pathlib
print("trained")
code = pathlib.Path(os.environ["SM_MODEL_DIR"], "code")
code.mkdir()
(code / "inference.py").write_text("def model_fn(d): return 1\\ndef transform_fn(m, body, *_): return body.upper()")
"""


def connection(workshop: Workshop, **role: str) -> str:
    settings = workshop.server.settings
    urls = dict.fromkeys(("sagemaker", "sagemaker-runtime", "sts", "logs"), settings.sagemaker_url)
    services = {service: {"endpoint_url": url} for service, url in (urls | {"s3": settings.s3_url}).items()}
    key = Credentials(settings.secrets).key("pipeline")
    login = {"login": key.access_key_id, "password": key.secret_access_key}
    extra = {"region_name": "us-east-1", "service_config": services, **role}
    return json.dumps({"conn_type": "aws", **login, "extra": extra})


def test_operators_train_transform_and_deploy(workshop: Workshop, tmp_path: Path) -> None:
    name = workshop.name
    source = workshop.put("sourcedir.tar.gz", archive({"train.py": TRAINS}))
    data = workshop.put("data/holdout.csv", "a\nb\n")
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1}
    training = {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
        "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": source},
        "OutputDataConfig": {"S3OutputPath": workshop.uri("training")},
        "ResourceConfig": {**resources, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    container = {"Image": XGBOOST, "Environment": {"SAGEMAKER_PROGRAM": "inference.py"}}
    given = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}}
    transform = {
        "TransformJobName": name,
        "ModelName": name,
        "TransformInput": {"DataSource": given, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": workshop.uri("transform"), "AssembleWith": "Line", "Accept": "text/csv"},
        "TransformResources": resources,
    }
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    asked = {
        "training": training,
        "transform": {"Model": {"ModelName": name, "PrimaryContainer": container}, "Transform": transform},
        "endpoint": {
            "Model": {"ModelName": name},
            "EndpointConfig": {"EndpointConfigName": name, "ProductionVariants": [variant]},
            "Endpoint": {"EndpointName": name, "EndpointConfigName": name},
        },
    }
    connections = {
        "AIRFLOW_CONN_AWS_DEFAULT": connection(workshop),
        "AIRFLOW_CONN_AWS_TEST": connection(workshop, role_arn=workshop.server.settings.test_role_arn),
    }
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path), **connections}
    command = [sys.executable, "-c", OPERATORS, json.dumps(asked)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.partition("TOLD ")[2])
    assert told["training"]["TrainingJobStatus"] == "Completed"
    assert "trained" in told["lines"]
    assert told["transform"]["TransformJobStatus"] == "Completed"
    assert told["endpoint"]["EndpointStatus"] == told["again"]["EndpointStatus"] == "InService"
    assert told["exists"] is False
    assert workshop.get(workshop.uri("transform/holdout.csv.out")) == b"A\nB\n"
