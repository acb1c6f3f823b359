"""Each part's environment, written from the settings and nothing else: what a part is not told here, it does not know.

A part gets the secrets that it needs and no others. Airflow's parts never learn where the ledger's private keys are,
nor any key but the pipeline's; the two that record decisions (api-server and triggerer) also act as
``decision-service``, by the AWS credentials of their process. Those are no Airflow connection on purpose: Airflow hands
every connection that its api-server knows to any task that asks.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from stack.credentials import (
    API_SECRET_KEY,
    DECISIONS_KEY,
    DECISIONS_PUBLIC_KEY,
    FERNET_KEY,
    JWT_SECRET,
    LEDGER_KEY,
    LEDGER_PUBLIC_KEY,
    OPERATIONS_KEY,
    OPERATIONS_PUBLIC_KEY,
    OVERSIGHT_KEY,
    OVERSIGHT_PUBLIC_KEY,
    PASSWORDS,
    PRINCIPALS,
    Credentials,
    Key,
    airflow_users,
)
from stack.roles import role_of
from stack.settings import Settings

MARK = "MODEL_GOVERNANCE_STACK"
"""Set in every process that the stack starts, to its state folder, so that ``down`` finds each of them."""

_FROM_THE_USER = ("HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE")
_NOT_FOR_PROGRAMS = {f"MODEL_GOVERNANCE_{name}" for name in ("DATABASE_URL", "REGISTRY_URL", "BROKER_URL", "SECRETS")}
_SERVICES = ("sagemaker", "sagemaker-runtime", "sts", "kms", "cloudtrail", "logs")


PIPELINE = "pipeline"


class Program(StrEnum):
    """The programs of the stack, by their names in supervisor's file and in docker-compose.yaml."""

    S3 = "s3"
    SAGEMAKER = "sagemaker"
    STUBS = "stubs"
    API_SERVER = "airflow-api-server"
    DAG_PROCESSOR = "airflow-dag-processor"
    TRIGGERER = "airflow-triggerer"
    SCHEDULER = "airflow-scheduler"
    WORKER = "airflow-worker"
    LOGS = "airflow-logs"
    MIGRATE = "airflow-migrate"


_WITH_DATABASE = {Program.API_SERVER, Program.DAG_PROCESSOR, Program.TRIGGERER, Program.SCHEDULER, Program.MIGRATE}
_WITH_CONNECTIONS = {Program.API_SERVER, Program.DAG_PROCESSOR, Program.TRIGGERER, Program.SCHEDULER, Program.WORKER}
_DECIDING = {Program.API_SERVER, Program.TRIGGERER}
_RUNNING_TASKS = {Program.SCHEDULER, Program.WORKER}
_FOR_ONE_PROGRAM = {
    Program.SAGEMAKER: ("SAGEMAKER_SERVER_CAPTURE_SPOOL_BYTES",),
    Program.TRIGGERER: ("MODEL_GOVERNANCE_OTHER_TRIGGERS",),
}
_SIGNING_LOG_REQUESTS = {Program.API_SERVER, Program.LOGS}
_SIGNING_TASKS_TOKENS = {Program.API_SERVER, Program.SCHEDULER}


def environment_of(program: Program, settings: Settings, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """All variables of a program but those of the machine (``machine_environment``).

    Args:
        program: The program.
        settings: The installation's settings, with its secrets made.
        given: The user's own environment: whence the connections for notices, which only those learn who run tasks,
            how much captured data the SageMaker server keeps on disk, and which other triggers may run.
    """
    credentials = Credentials(settings.secrets)
    exported = {name: value for name, value in settings.exported.items() if name not in _NOT_FOR_PROGRAMS}
    own = {name: given[name] for name in _FOR_ONE_PROGRAM.get(program, ()) if given and given.get(name)}
    shared = {**exported, **_clients(settings), MARK: str(settings.home), "PYTHONUNBUFFERED": "1", **own}
    if program is Program.S3:
        return {**shared, **_object_store(settings), **_principals(settings)}
    if program is Program.STUBS:
        return shared
    if program is Program.SAGEMAKER:
        return {**shared, **_sagemaker_server(settings, credentials), **_principals(settings)}
    variables = {**shared, **_airflow(settings, credentials)}
    if program in _WITH_DATABASE:
        variables |= _metadata(settings.database_url)
        variables["AIRFLOW__CORE__FERNET_KEY"] = credentials.text(FERNET_KEY)
    if program is Program.API_SERVER:
        variables["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"] = str(credentials.path(PASSWORDS))
    if program in _SIGNING_LOG_REQUESTS:
        variables["AIRFLOW__API__SECRET_KEY"] = credentials.text(API_SECRET_KEY)
    if program in _SIGNING_TASKS_TOKENS:
        variables["AIRFLOW__API_AUTH__JWT_SECRET"] = credentials.text(JWT_SECRET)
    if program in _WITH_CONNECTIONS:
        variables |= _public_keys(credentials)
        variables |= _connections(settings, credentials.key(PIPELINE))
    if program in _RUNNING_TASKS:
        variables |= notice_connections(settings, given or {})
    if program in _DECIDING:
        variables |= _keys(credentials.key("decision-service"))
    return variables


def _metadata(database_url: str) -> dict[str, str]:
    variables = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url}
    if database_url.startswith("sqlite:"):
        for name in ("SQL_ALCHEMY_CONNECT_ARGS", "SQL_ALCHEMY_CONNECT_ARGS_ASYNC"):
            variables[f"AIRFLOW__DATABASE__{name}"] = "stack.sqlite_writers.CONNECT_ARGS"
    return variables


def notice_connections(settings: Settings, given: Mapping[str, str]) -> dict[str, str]:
    """The variables (``AIRFLOW_CONN_...``) of the connections for notices that the user has set, and no others."""
    return {name: given[name] for name in settings.notice_connections if given.get(name)}


def machine_environment(
    environment: Mapping[str, str] | None = None, *, first_on_path: Path | None = None
) -> dict[str, str]:
    """What every program needs of the machine, and nothing of the user's own cloud accounts or Airflow."""
    values = os.environ if environment is None else environment
    kept = {name: values[name] for name in _FROM_THE_USER if name in values}
    programs = first_on_path or Path(sys.executable).parent
    # Without SPT_NOENV Airflow's processes, renaming themselves, write over the environment that MARK is found in.
    return {**kept, "SPT_NOENV": "1", "PATH": f"{programs}{os.pathsep}{values.get('PATH', os.defpath)}"}


def person_environment(person: str, settings: Settings) -> dict[str, str]:
    """What a person needs to call the servers as himself, with boto3, the AWS command line or ``model-governance``.

    Raises:
        StackError: There is no such principal.
    """
    credentials = Credentials(settings.secrets)
    return {
        **_keys(credentials.key(person)),
        **_clients(settings),
        "AWS_DEFAULT_REGION": settings.region,
        "MODEL_GOVERNANCE_TEST_ROLE_ARN": role_of(person, settings.test_role_arn, settings),
        "MODEL_GOVERNANCE_PRODUCTION_ROLE_ARN": role_of(person, settings.production_role_arn, settings),
        "MODEL_GOVERNANCE_AIRFLOW_URL": settings.airflow_url,
        "MODEL_GOVERNANCE_BUCKET": settings.bucket,
        "MODEL_GOVERNANCE_LANDING_BUCKET": settings.landing_bucket,
        "MODEL_GOVERNANCE_LEDGER_KEY_ID": settings.ledger_key_id,
        "MODEL_GOVERNANCE_DECISIONS_KEY_ID": settings.decisions_key_id,
        "MODEL_GOVERNANCE_OVERSIGHT_KEY_ID": settings.oversight_key_id,
        "MODEL_GOVERNANCE_OPERATIONS_KEY_ID": settings.operations_key_id,
        **_public_keys(credentials),
        "MODEL_GOVERNANCE_WITNESS": str(settings.witness),
        "MODEL_GOVERNANCE_USE_CASES": str(settings.use_cases),
        "MODEL_GOVERNANCE_POLICIES": str(settings.policies),
        "MODEL_GOVERNANCE_POLICY_OWNER": settings.policy_owner,
    }


def _public_keys(credentials: Credentials) -> dict[str, str]:
    return {
        "MODEL_GOVERNANCE_LEDGER_PUBLIC_KEY": str(credentials.path(LEDGER_PUBLIC_KEY)),
        "MODEL_GOVERNANCE_DECISIONS_PUBLIC_KEY": str(credentials.path(DECISIONS_PUBLIC_KEY)),
        "MODEL_GOVERNANCE_OVERSIGHT_PUBLIC_KEY": str(credentials.path(OVERSIGHT_PUBLIC_KEY)),
        "MODEL_GOVERNANCE_OPERATIONS_PUBLIC_KEY": str(credentials.path(OPERATIONS_PUBLIC_KEY)),
    }


def _keys(key: Key) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret_access_key}


def _endpoints(settings: Settings) -> dict[str, str]:
    return {"s3": settings.s3_url, **dict.fromkeys(_SERVICES, settings.sagemaker_url)}


def _clients(settings: Settings) -> dict[str, str]:
    endpoints = {
        f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}": url for service, url in _endpoints(settings).items()
    }
    nowhere = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    return {**endpoints, **nowhere, "AWS_EC2_METADATA_DISABLED": "true"}


def _connections(settings: Settings, key: Key) -> dict[str, str]:
    """The pipeline's Airflow connections: to the registry's account, and by a role to those of the environments."""
    roles = {"TEST": settings.test_role_arn, "PRODUCTION": settings.production_role_arn}
    return {
        "AIRFLOW_CONN_AWS_DEFAULT": _connection(settings, key),
        **{f"AIRFLOW_CONN_AWS_{name}": _connection(settings, key, role_arn) for name, role_arn in roles.items()},
    }


def _connection(settings: Settings, key: Key, role_arn: str = "") -> str:
    """An Airflow connection to both servers, as the pipeline or, if one is given, as a role that it takes on."""
    services = {service: {"endpoint_url": url} for service, url in _endpoints(settings).items()}
    extra: dict[str, object] = {"region_name": settings.region, "service_config": services}
    if role_arn:
        extra |= {"role_arn": role_arn, "assume_role_kwargs": {"RoleSessionName": PIPELINE}}
    login = {"login": key.access_key_id, "password": key.secret_access_key}
    return json.dumps({"conn_type": "aws", **login, "extra": extra})


def _principals(settings: Settings) -> dict[str, str]:
    return {
        "SAGEMAKER_SERVER_PRINCIPALS": str(Credentials(settings.secrets).path(PRINCIPALS)),
        "SAGEMAKER_SERVER_POLICIES": str(settings.policies / "iam"),
    }


def _object_store(settings: Settings) -> dict[str, str]:
    return {
        "PYTHONPATH": str(settings.project / "include"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(settings.home / "s3"),
        "STATE_DIR": str(settings.home / "s3-state"),
        "SERVICES": "s3",
    }


def _sagemaker_server(settings: Settings, credentials: Credentials) -> dict[str, str]:
    return {
        "SAGEMAKER_SERVER_HOME": str(settings.home / "sagemaker"),
        "SAGEMAKER_SERVER_DATABASE_URL": settings.registry_url,
        "SAGEMAKER_SERVER_ENVIRONMENTS": str(settings.environments),
        "SAGEMAKER_SERVER_LEDGER_KEY": str(credentials.path(LEDGER_KEY)),
        "SAGEMAKER_SERVER_DECISIONS_KEY": str(credentials.path(DECISIONS_KEY)),
        "SAGEMAKER_SERVER_OVERSIGHT_KEY": str(credentials.path(OVERSIGHT_KEY)),
        "SAGEMAKER_SERVER_OPERATIONS_KEY": str(credentials.path(OPERATIONS_KEY)),
        "SAGEMAKER_SERVER_HOST": settings.host,
        "SAGEMAKER_SERVER_PORT": str(settings.sagemaker_port),
        "SAGEMAKER_SERVER_ACCOUNT": settings.account,
        "SAGEMAKER_SERVER_ALLOW_WIDER_THAN_LOOPBACK": str(settings.published_on_loopback).lower(),
    }


def _airflow(settings: Settings, credentials: Credentials) -> dict[str, str]:
    home = settings.home / "airflow"
    users = ",".join(f"{user}:{role}" for user, role in airflow_users(settings).items())
    celery = {
        "AIRFLOW__CELERY__BROKER_URL": settings.broker_url,
        "AIRFLOW__CELERY__RESULT_BACKEND": settings.broker_url,
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(settings.parallelism),
    }
    return {
        **(celery if settings.broker_url else {}),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(settings.project / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTOR": settings.executor,
        "AIRFLOW__CORE__PARALLELISM": str(settings.parallelism),
        "AIRFLOW__TRIGGERER__CAPACITY": str(settings.triggerer_capacity),
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "stack.log_host.log_host",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{settings.airflow_url}/execution/",
        "AIRFLOW__CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": users,
        "AIRFLOW__AWS__SESSION_FACTORY": "model_governance.hooks.aws_session.SharedDataSessionFactory",
        "AIRFLOW__API__HOST": settings.host,
        "AIRFLOW__API__PORT": str(settings.airflow_port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__BASE_URL": settings.public_url,
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "120",
        # A worker killed with a task in hand that it had not reported leaves the task queued: ten minutes by default.
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "120",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "30",
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(settings.home / "logs" / "tasks"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(settings.home / "logs" / "dag-processor"),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(settings.log_port),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(settings.log_port),
        "GX_ANALYTICS_ENABLED": "false",
    }
