"""The stack's settings: read from the environment in one place, and turned back into environment variables here alone.

``Settings.from_environment`` reads, ``Settings.exported`` writes the same names again for every part; what Airflow, the
server and the object store call the same things is in ``stack.environment``.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stack.errors import SettingRefused

PROJECT = Path(__file__).resolve().parents[2]
_PORTS = {"AIRFLOW": 8080, "SAGEMAKER": 8601, "S3": 8602, "LOG": 8603}
_ROLE = "model-governance-execution"
_DEFAULTS = {
    "HOST": "127.0.0.1",
    "ACCOUNT": "111122223333",
    "EXECUTOR": "LocalExecutor",
    "BUCKET": "model-governance",
    "LANDING_BUCKET": "landing",
    "LEDGER_KEY_ID": "alias/model-governance-ledger",
}
LONGEST_SOCKET = 100
"""Characters that a Unix socket's path may have; some systems take 104."""


@dataclass(frozen=True)
class Settings:
    """One installation of the stack.

    Attributes:
        home: Folder of all state. Two stacks with different homes and ports run beside each other.
        secrets: Folder of generated keys and passwords.
        environments: Folder of the Python environments beside Airflow's: the object store's, the images'.
        use_cases: Folder of use cases.
        policies: Folder of policies, people and IAM documents.
        host: Address that every part listens on.
        airflow_port: Port of Airflow's API and pages.
        sagemaker_port: Port of the SageMaker server.
        s3_port: Port of the object store's guard.
        log_port: Port from which Airflow reads the logs of tasks that still run.
        published_on_loopback: Whether whoever runs this answers for it that other machines reach none of the ports,
            as docker-compose.yaml does; the host may then be wider than loopback.
        airflow_url: Where the others reach Airflow.
        public_url: Where people's browsers reach Airflow.
        sagemaker_url: Where the others reach the SageMaker server.
        s3_url: Where the others reach the object store.
        database_url: SQLAlchemy URL of Airflow's metadata.
        registry_url: SQLAlchemy URL of the SageMaker server.
        broker_url: Celery's broker; empty without Celery.
        executor: Airflow's executor.
        parallelism: How many tasks may run at once.
        log_host: Host from which Airflow reads the logs of tasks that still run.
        bucket: Bucket of artifacts and ledgers.
        landing_bucket: Bucket where data engineers publish data sets.
        region: AWS region of all clients.
        account: AWS account of the SageMaker server, 12 digits.
        ledger_key_id: KMS key that signs the ledger.
        execution_role_arn: Role that jobs are created with.
    """

    home: Path
    secrets: Path
    environments: Path
    use_cases: Path
    policies: Path
    host: str
    airflow_port: int
    sagemaker_port: int
    s3_port: int
    log_port: int
    published_on_loopback: bool
    airflow_url: str
    public_url: str
    sagemaker_url: str
    s3_url: str
    database_url: str
    registry_url: str
    broker_url: str
    executor: str
    parallelism: int
    log_host: str
    bucket: str
    landing_bucket: str
    region: str
    account: str
    ledger_key_id: str
    execution_role_arn: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings that the environment describes, defaults filled in.

        Raises:
            SettingRefused: A value is not usable, or the stack would listen beyond this machine.
        """
        read = _Reader(os.environ if environment is None else environment)
        home, host, account = read.path("HOME", PROJECT / ".stack"), read.text("HOST"), read.text("ACCOUNT")
        ports = {name: read.port(f"{name}_PORT", port) for name, port in _PORTS.items()}
        airflow_url = read.text("AIRFLOW_URL", f"http://{host}:{ports['AIRFLOW']}")
        return cls(
            home=home,
            secrets=read.path("SECRETS", home / "secrets"),
            environments=read.path("ENVIRONMENTS", PROJECT / ".environments"),
            use_cases=read.path("USE_CASES", PROJECT / "include" / "use_cases"),
            policies=read.path("POLICIES", PROJECT / "include" / "policies"),
            host=host,
            airflow_port=ports["AIRFLOW"],
            sagemaker_port=ports["SAGEMAKER"],
            s3_port=ports["S3"],
            log_port=ports["LOG"],
            published_on_loopback=read.text("PUBLISHED_ON_LOOPBACK", "false") == "true",
            airflow_url=airflow_url,
            public_url=read.text("PUBLIC_URL", airflow_url),
            sagemaker_url=read.text("SAGEMAKER_URL", f"http://{host}:{ports['SAGEMAKER']}"),
            s3_url=read.text("S3_URL", f"http://{host}:{ports['S3']}"),
            database_url=read.text("DATABASE_URL", f"sqlite:///{home}/airflow/airflow.db"),
            registry_url=read.text("REGISTRY_URL", f"sqlite:///{home}/sagemaker/sagemaker.sqlite"),
            broker_url=read.text("BROKER_URL"),
            executor=read.text("EXECUTOR"),
            parallelism=read.number("PARALLELISM", 4, 1, 1000),
            log_host=read.text("LOG_HOST", host),
            bucket=read.text("BUCKET"),
            landing_bucket=read.text("LANDING_BUCKET"),
            region=read.values.get("AWS_DEFAULT_REGION") or "us-east-1",
            account=account,
            ledger_key_id=read.text("LEDGER_KEY_ID"),
            execution_role_arn=read.text("EXECUTION_ROLE_ARN", f"arn:aws:iam::{account}:role/{_ROLE}"),
        )

    @property
    def project(self) -> Path:
        """Folder of the checkout: ``dags/``, ``plugins/``, ``include/``."""
        return PROJECT

    @property
    def s3_is_ours(self) -> bool:
        """Whether the stack runs the object store itself."""
        return self.s3_url == f"http://{self.host}:{self.s3_port}"

    @property
    def exported(self) -> dict[str, str]:
        """These settings under the names they are read by."""
        return {
            "MODEL_GOVERNANCE_HOME": str(self.home),
            "MODEL_GOVERNANCE_SECRETS": str(self.secrets),
            "MODEL_GOVERNANCE_ENVIRONMENTS": str(self.environments),
            "MODEL_GOVERNANCE_USE_CASES": str(self.use_cases),
            "MODEL_GOVERNANCE_POLICIES": str(self.policies),
            "MODEL_GOVERNANCE_HOST": self.host,
            "MODEL_GOVERNANCE_AIRFLOW_PORT": str(self.airflow_port),
            "MODEL_GOVERNANCE_SAGEMAKER_PORT": str(self.sagemaker_port),
            "MODEL_GOVERNANCE_S3_PORT": str(self.s3_port),
            "MODEL_GOVERNANCE_LOG_PORT": str(self.log_port),
            "MODEL_GOVERNANCE_PUBLISHED_ON_LOOPBACK": str(self.published_on_loopback).lower(),
            "MODEL_GOVERNANCE_AIRFLOW_URL": self.airflow_url,
            "MODEL_GOVERNANCE_PUBLIC_URL": self.public_url,
            "MODEL_GOVERNANCE_SAGEMAKER_URL": self.sagemaker_url,
            "MODEL_GOVERNANCE_S3_URL": self.s3_url,
            "MODEL_GOVERNANCE_DATABASE_URL": self.database_url,
            "MODEL_GOVERNANCE_REGISTRY_URL": self.registry_url,
            "MODEL_GOVERNANCE_BROKER_URL": self.broker_url,
            "MODEL_GOVERNANCE_EXECUTOR": self.executor,
            "MODEL_GOVERNANCE_PARALLELISM": str(self.parallelism),
            "MODEL_GOVERNANCE_LOG_HOST": self.log_host,
            "MODEL_GOVERNANCE_BUCKET": self.bucket,
            "MODEL_GOVERNANCE_LANDING_BUCKET": self.landing_bucket,
            "AWS_DEFAULT_REGION": self.region,
            "MODEL_GOVERNANCE_ACCOUNT": self.account,
            "MODEL_GOVERNANCE_LEDGER_KEY_ID": self.ledger_key_id,
            "MODEL_GOVERNANCE_EXECUTION_ROLE_ARN": self.execution_role_arn,
        }

    @property
    def ports(self) -> dict[str, int]:
        """The ports that the stack itself listens on, by the variable that changes each."""
        ports = {
            "MODEL_GOVERNANCE_AIRFLOW_PORT": self.airflow_port,
            "MODEL_GOVERNANCE_SAGEMAKER_PORT": self.sagemaker_port,
            "MODEL_GOVERNANCE_S3_PORT": self.s3_port,
            "MODEL_GOVERNANCE_LOG_PORT": self.log_port,
        }
        return {name: port for name, port in ports.items() if self.s3_is_ours or "_S3_" not in name}

    @property
    def socket(self) -> Path:
        """Supervisor's socket: in the state folder, or in one of the user's own beside it if that lies too deep."""
        socket = self.home / "run" / "supervisor.sock"
        if len(f"{socket}.1234567") <= LONGEST_SOCKET:  # supervisor makes it under a name with its number first
            return socket
        digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"model-governance-{os.getuid()}-{digest}" / "supervisor.sock"

    def refuse_what_is_unsafe(self) -> None:
        """Stop before anything starts that would be open to other machines, or could not work.

        Raises:
            SettingRefused: The host is no loopback address, or two ports are the same.
        """
        if not _is_loopback(self.host) and not self.published_on_loopback:
            raise SettingRefused(
                f"MODEL_GOVERNANCE_HOST is {self.host}, which other machines can reach: the stack signs people in with"
                " Airflow's SimpleAuthManager, which is for demonstrations, and listens on a loopback address only;"
                " set it to 127.0.0.1, or run docker-compose.yaml behind your own sign-in"
            )
        if len(set(self.ports.values())) < len(self.ports):
            listed = ", ".join(f"{name}={port}" for name, port in self.ports.items())
            raise SettingRefused(f"every part needs a port of its own: {listed}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Reader:
    """The environment's variables that begin with ``MODEL_GOVERNANCE_``, with the faults of their values named."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(f"MODEL_GOVERNANCE_{name}") or default or _DEFAULTS.get(name, "")

    def path(self, name: str, default: Path) -> Path:
        return Path(self.text(name, str(default))).expanduser().absolute()

    def number(self, name: str, default: int, least: int, most: int) -> int:
        text = self.text(name, str(default))
        if not text.isdecimal() or not least <= int(text) <= most:
            raise SettingRefused(f"MODEL_GOVERNANCE_{name} is {text!r}: must be a whole number in [{least}, {most}]")
        return int(text)

    def port(self, name: str, default: int) -> int:
        return self.number(name, default, 1, 65535)
