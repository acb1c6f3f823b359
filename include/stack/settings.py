"""The stack's settings: read from the environment in one place, and turned back into environment variables here alone.

``Settings.from_environment`` reads, ``Settings.exported`` writes the same names again for every part; what Airflow, the
server and the object store call the same things is in ``stack.environment``.
"""

# ruff: noqa: RUF009 - ``_setting`` is ``dataclasses.field``, said shorter
from __future__ import annotations

import hashlib
import ipaddress
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from stack.errors import SettingRefused

PROJECT = Path(__file__).resolve().parents[2]
OWN_CONNECTIONS = ("AIRFLOW_CONN_AWS_DEFAULT", "AIRFLOW_CONN_AWS_TEST", "AIRFLOW_CONN_AWS_PRODUCTION")
"""Variables of connections that the stack writes itself."""

LONGEST_SOCKET = 100
"""Characters that a Unix socket's path may have; some systems take 104."""


def variable_of(name: str) -> str:
    """The environment variable of a setting: its name in capitals behind ``MODEL_GOVERNANCE_``, but for AWS's own."""
    return "AWS_DEFAULT_REGION" if name == "region" else f"MODEL_GOVERNANCE_{name.upper()}"


def _setting(default: str) -> Any:
    """A setting whose default may be made of those above it, named in braces, and of ``{project}``."""
    return field(metadata={"default": default})


def _whole_number(variable: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise SettingRefused(f"{variable} is {text!r}: it must be a whole number in [1, 65535]")
    return int(text)


def _truth(variable: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise SettingRefused(f"{variable} is {text!r}: it must be true or false")
    return text == "true"


def _seconds(variable: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.1 <= value <= 3600:
        raise SettingRefused(f"{variable} is {text!r}: it must be a number of seconds in [0.1, 3600]")
    return value


_READ: dict[str, Callable[[str, str], Any]] = {
    "str": lambda variable, text: text,
    "Path": lambda variable, text: Path(text).expanduser().absolute(),
    "int": _whole_number,
    "float": _seconds,
    "bool": _truth,
}


@dataclass(frozen=True)
class Settings:
    """One installation of the stack; each setting is read from the variable that ``variable_of`` names.

    Attributes:
        home: Folder of all state. Two stacks with different homes and ports run beside each other.
        secrets: Folder of generated keys and passwords.
        environments: Folder of the Python environments beside Airflow's: the object store's, the images'.
        dags: Folder of DAG files.
        use_cases: Folder of use cases.
        policies: Folder of policies, people and IAM documents.
        data_sources: Files to read in the place of use cases' declared data: ``name=path``, several parted by ``;``.
        host: Address that every part listens on.
        airflow_port: Port of Airflow's API and pages.
        sagemaker_port: Port of the SageMaker server.
        s3_port: Port of the object store's guard.
        stubs_port: Port of the stand-ins for systems around the examples' models.
        log_port: Port from which Airflow reads the logs of tasks that still run.
        published_on_loopback: Whether whoever runs this answers for it that other machines reach none of the ports,
            as docker-compose.yaml does; the host may then be wider than loopback.
        airflow_url: Where the others reach Airflow.
        public_url: Where people's browsers reach Airflow.
        sagemaker_url: Where the others reach the SageMaker server.
        s3_url: Where the others reach the object store.
        stubs_url: Where tasks reach the stand-ins.
        dependencies: Addresses in the place of those that use cases declare: ``<use case>.<dependency>=<url>``, several
            parted by white space.
        database_url: SQLAlchemy URL of Airflow's metadata.
        registry_url: SQLAlchemy URL of the SageMaker server.
        broker_url: Celery's broker; empty without Celery.
        executor: Airflow's executor.
        parallelism: How many tasks may run at once.
        triggerer_capacity: How many gates, jobs and endpoints may be waited for at once.
        poll_seconds: Seconds between two looks at the registry for all waiting gates; on AWS, bounded by throttling.
        log_host: Host from which Airflow reads the logs of tasks that still run.
        bucket: Bucket of artifacts and ledgers.
        landing_bucket: Bucket where data engineers publish data sets.
        region: AWS region of all clients.
        account: AWS account of the registry, the process and the people, 12 digits.
        test_role_arn: Role by which the pipeline deploys to test; its account is that of the test endpoints.
        production_role_arn: The same of production.
        ledger_key_id: KMS key that signs what the pipeline records in the ledger.
        decisions_key_id: KMS key that signs decisions.
        oversight_key_id: KMS key that signs policy versions, exceptions and findings.
        operations_key_id: KMS key that signs stops, roll-backs by hand and retirement.
        witness: File that is told the ledgers' heads, outside the bucket.
        execution_role_arn: Role that jobs are created with.
        policy_owner: The person who enters policies and people files.
        notify: Channels of notices, such as ``log,email:smtp_default``; by default a line in the log.
    """

    home: Path = _setting("{project}/.stack")
    secrets: Path = _setting("{home}/secrets")
    environments: Path = _setting("{project}/.environments")
    dags: Path = _setting("{project}/dags")
    use_cases: Path = _setting("{project}/include/use_cases")
    policies: Path = _setting("{project}/include/policies")
    data_sources: str = _setting("")
    host: str = _setting("127.0.0.1")
    airflow_port: int = _setting("8080")
    sagemaker_port: int = _setting("8601")
    s3_port: int = _setting("8602")
    log_port: int = _setting("8603")
    stubs_port: int = _setting("8604")
    published_on_loopback: bool = _setting("false")
    airflow_url: str = _setting("http://{host}:{airflow_port}")
    public_url: str = _setting("{airflow_url}")
    sagemaker_url: str = _setting("http://{host}:{sagemaker_port}")
    s3_url: str = _setting("http://{host}:{s3_port}")
    stubs_url: str = _setting("http://{host}:{stubs_port}")
    dependencies: str = _setting("")
    database_url: str = _setting("sqlite:///{home}/airflow/airflow.db")
    registry_url: str = _setting("sqlite:///{home}/sagemaker/sagemaker.sqlite")
    broker_url: str = _setting("")
    executor: str = _setting("model_governance.executors.local.LastingLocalExecutor")
    parallelism: int = _setting("4")
    triggerer_capacity: int = _setting("1000")
    poll_seconds: float = _setting("0.25")
    log_host: str = _setting("{host}")
    bucket: str = _setting("model-governance")
    landing_bucket: str = _setting("landing")
    region: str = _setting("us-east-1")
    account: str = _setting("111122223333")
    test_role_arn: str = _setting("arn:aws:iam::222233334444:role/model-governance-deployment")
    production_role_arn: str = _setting("arn:aws:iam::333344445555:role/model-governance-deployment")
    ledger_key_id: str = _setting("alias/model-governance-ledger")
    decisions_key_id: str = _setting("alias/model-governance-decisions")
    oversight_key_id: str = _setting("alias/model-governance-oversight")
    operations_key_id: str = _setting("alias/model-governance-operations")
    witness: Path = _setting("{home}/witness/heads.jsonl")
    execution_role_arn: str = _setting("arn:aws:iam::{account}:role/model-governance-execution")
    policy_owner: str = _setting("policy-owner")
    notify: str = _setting("log")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings that the environment describes, defaults filled in.

        Raises:
            SettingRefused: A value is not usable; the message names the variable.
        """
        values = os.environ if environment is None else environment
        known: dict[str, Any] = {"project": PROJECT}
        for each in fields(cls):
            text = values.get(variable_of(each.name)) or each.metadata["default"].format(**known)
            known[each.name] = _READ[str(each.type)](variable_of(each.name), text)
        return cls(**{each.name: known[each.name] for each in fields(cls)})

    @property
    def exported(self) -> dict[str, str]:
        """These settings under the names they are read by."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {variable_of(n): str(v).lower() if isinstance(v, bool) else str(v) for n, v in values.items()}

    @property
    def project(self) -> Path:
        """Folder of the checkout: ``dags/``, ``plugins/``, ``include/``."""
        return PROJECT

    @property
    def s3_is_ours(self) -> bool:
        """Whether the stack runs the object store itself."""
        return self.s3_url == f"http://{self.host}:{self.s3_port}"

    @property
    def notice_connections(self) -> tuple[str, ...]:
        """The variables of the Airflow connections that ``notify`` names; never those of the stack's own."""
        named = [text.split(":")[1] for text in self.notify.replace(",", " ").split() if ":" in text]
        variables = (f"AIRFLOW_CONN_{name.upper()}" for name in named)
        return tuple(dict.fromkeys(each for each in variables if each not in OWN_CONNECTIONS))

    @property
    def ports(self) -> dict[str, int]:
        """The ports that the stack itself listens on, by the variable that changes each."""
        ports = {
            "MODEL_GOVERNANCE_AIRFLOW_PORT": self.airflow_port,
            "MODEL_GOVERNANCE_SAGEMAKER_PORT": self.sagemaker_port,
            "MODEL_GOVERNANCE_S3_PORT": self.s3_port,
            "MODEL_GOVERNANCE_LOG_PORT": self.log_port,
            "MODEL_GOVERNANCE_STUBS_PORT": self.stubs_port,
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
