"""The real server and the real guarded object store, started as the stack starts them, on free ports."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config
from tests.sagemaker_server.running_server import EVERYTHING

from stack.credentials import Credentials, make_credentials
from stack.environments import make_object_store_environment
from stack.settings import Settings

ROLE = "arn:aws:iam::111122223333:role/model-governance-execution"
XGBOOST = "registry.example/sagemaker-xgboost:3.0-5"
SCIKIT_LEARN = "registry.example/sagemaker-scikit-learn:1.4-2-cpu-py3"
BUCKET = "model-governance"
ANYONE = "anyone"
"""Who may do everything in the account of the registry; the example's own principals have parts."""
POLICIES = Path(__file__).parents[2] / "include" / "policies"
FINAL = ("Completed", "Failed", "Stopped")


@dataclass
class ServerAndStore:
    """Server and store; the server can be killed and started again."""

    settings: Settings
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """The server's home."""
        return self.settings.home / "sagemaker"

    def start(self, program: str, module: str, url: str, **environment: str) -> None:
        log = (self.settings.home / f"{program}.log").open("ab")
        command = [sys.executable, "-m", "stack.launch", program, "python", "-m", module]
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        variables = {**os.environ, **self.settings.exported, "PATH": path, **environment}
        self.processes[program] = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
        wait_until(lambda: self._answers(program, url), f"{program} answers")

    def start_store(self) -> None:
        self.start("s3", "stack.s3", self.settings.s3_url)

    def start_server(self) -> None:
        self.start("sagemaker", "sagemaker_server", self.settings.sagemaker_url)

    def end(self, program: str, how: int = signal.SIGTERM) -> None:
        process = self.processes.pop(program, None)
        if process is not None:
            process.send_signal(how)
            process.wait(timeout=60)

    def kill_server(self) -> None:
        """As by ``kill -9``."""
        self.end("sagemaker", signal.SIGKILL)

    def client(self, service: str, principal: str = ANYONE) -> Any:
        key = Credentials(self.settings.secrets).key(principal)
        url = self.settings.s3_url if service == "s3" else self.settings.sagemaker_url
        return boto3.client(
            service,
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
            config=Config(retries={"max_attempts": 2}),
        )

    def log(self) -> str:
        return (self.settings.home / "sagemaker.log").read_text()

    def _answers(self, program: str, url: str) -> bool:
        process = self.processes[program]
        assert process.poll() is None, (self.settings.home / f"{program}.log").read_text()
        try:
            httpx.get(f"{url}/ping", trust_env=False)
        except httpx.HTTPError:
            return False
        return True


def server_and_store_in(home: Path, **more: str) -> ServerAndStore:
    """A server and its store, running; more settings of the stack by their variables."""
    ports = {f"MODEL_GOVERNANCE_{part}_PORT": str(free_port()) for part in ("SAGEMAKER", "S3", "AIRFLOW", "LOG")}
    policies = home / "policies"
    shutil.copytree(POLICIES, policies)
    (policies / "iam" / f"{ANYONE}.json").write_text(json.dumps(EVERYTHING))
    own = {"MODEL_GOVERNANCE_HOME": str(home), "MODEL_GOVERNANCE_POLICIES": str(policies)}
    settings = Settings.from_environment({**own, **ports, **more})
    make_credentials(settings)
    make_object_store_environment(settings, print)
    server = ServerAndStore(settings)
    server.start_store()
    for bucket in (BUCKET, "landing"):
        server.client("s3", "admin").create_bucket(Bucket=bucket)
    server.start_server()
    return server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], Any], what: str, patience: float = 90) -> Any:
    """Waits for something to hold; what it gives."""
    until = time.monotonic() + patience
    while not (held := holds()):
        assert time.monotonic() < until, f"{what}: not within {patience:.0f} s"
        time.sleep(0.05)
    return held


def archive(files: dict[str, str | bytes]) -> bytes:
    """A .tar.gz of files by name."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


@dataclass
class Workshop:
    """Short ways to put things into the store and to ask for jobs and endpoints, under names of their own."""

    server: ServerAndStore
    name: str

    def __post_init__(self) -> None:
        self.sagemaker = self.server.client("sagemaker")
        self.runtime = self.server.client("sagemaker-runtime")
        self.s3 = self.server.client("s3")

    def uri(self, key: str) -> str:
        return f"s3://{BUCKET}/use-cases/{self.name}/{key}"

    def put(self, key: str, body: bytes | str) -> str:
        content = body.encode() if isinstance(body, str) else body
        self.s3.put_object(Bucket=BUCKET, Key=f"use-cases/{self.name}/{key}", Body=content)
        return self.uri(key)

    def get(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def train(self, script: str | bytes, job: str | None = None, **changes: Any) -> str:
        """Asks for a training job; its name."""
        job = job or self.name
        source = script if isinstance(script, bytes) else archive({"train.py": script})
        own = changes.pop("HyperParameters", {})
        hyperparameters = {
            "sagemaker_program": json.dumps("train.py"),
            "sagemaker_submit_directory": json.dumps(self.put(f"{job}/sourcedir.tar.gz", source)),
            **own,
        }
        request = {
            "TrainingJobName": job,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
            "HyperParameters": hyperparameters,
            "OutputDataConfig": {"S3OutputPath": self.uri("training")},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 120},
        }
        self.sagemaker.create_training_job(**{**request, **changes})
        return job

    def job(self, name: str) -> dict[str, Any]:
        described: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
        return described

    def trained(self, name: str) -> dict[str, Any]:
        """The job's description once it has ended."""
        wait_until(lambda: self.job(name)["TrainingJobStatus"] in FINAL, f"training job {name} ends")
        return self.job(name)

    def reach(self, name: str, secondary: str) -> None:
        wait_until(lambda: self.job(name)["SecondaryStatus"] == secondary, f"training job {name} is {secondary}")

    def log_of(self, name: str) -> str:
        return "\n".join(
            file.read_text() for file in (self.server.home / "logs").rglob("*") if name in str(file) and file.is_file()
        )

    def model(self, script: str | None, name: str | None = None, image: str = XGBOOST, **files: str | bytes) -> str:
        """Makes a model of an inference script (and files beside it); its name."""
        name = name or self.name
        packed: dict[str, str | bytes] = {file.replace("__", "."): content for file, content in files.items()}
        if script is not None:
            packed["code/inference.py"] = script
        url = self.put(f"{name}/model.tar.gz", archive(packed))
        container = {"Image": image, "ModelDataUrl": url}
        if script is not None:
            container["Environment"] = {"SAGEMAKER_PROGRAM": "inference.py"}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        return name

    def config(self, model: str, name: str | None = None, **more: Any) -> str:
        """Makes an endpoint configuration of one variant; its name."""
        return self.config_of({"AllTraffic": (model, None)}, name or model, **more)

    def config_of(self, variants: dict[str, tuple[str, float | None]], name: str, **more: Any) -> str:
        """Makes an endpoint configuration of variants: their models and weights (None: as AWS has it); its name."""
        described = [
            {
                "VariantName": variant,
                "ModelName": model,
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
                **({} if weight is None else {"InitialVariantWeight": weight}),
            }
            for variant, (model, weight) in variants.items()
        ]
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=described, **more)
        return name

    def endpoint(self, script: str | None, **changes: Any) -> str:
        """Makes model, configuration and endpoint of one name, and waits for it to settle."""
        config = self.config(self.model(script, **changes))
        self.sagemaker.create_endpoint(EndpointName=self.name, EndpointConfigName=config)
        self.settled(self.name)
        return self.name

    def settled(self, endpoint: str) -> dict[str, Any]:
        """The endpoint's description once nothing is in progress."""

        def status() -> dict[str, Any]:
            described: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=endpoint)
            return described

        wait_until(lambda: status()["EndpointStatus"] in ("InService", "Failed"), f"endpoint {endpoint} settles")
        return status()

    def invoke(self, body: bytes | str, content_type: str = "text/csv", accept: str = "text/csv", **more: Any) -> str:
        answer = self.runtime.invoke_endpoint(
            EndpointName=self.name, Body=body, ContentType=content_type, Accept=accept, **more
        )
        text: str = answer["Body"].read().decode()
        return text
