"""Clients of AWS's services, and the one place where their failures become this package's errors.

Apart from the hooks, which say what is asked, because who asks (an Airflow connection, a person's own credentials) and
how failures read is the same for all of them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal, Protocol

import boto3
import boto3.exceptions
from botocore import exceptions as botocore_exceptions
from botocore.config import Config as ClientSettings

from model_governance.domain.deployment import Environment
from model_governance.errors import (
    AccessRefused,
    GovernanceError,
    RecordConflict,
    RecordMissing,
    RequestRefused,
    ServiceUnavailable,
)
from model_governance.hooks.assumed_role import assuming
from model_governance.hooks.kept_connection import keep_connections

_log = logging.getLogger(__name__)

Service = Literal["sagemaker", "sagemaker-runtime", "s3", "kms", "sts", "cloudtrail"]

PIPELINE_CONNECTION = "aws_default"
ENVIRONMENT_CONNECTIONS = {Environment.TEST: "aws_test", Environment.PRODUCTION: "aws_production"}

_UNAVAILABLE_CODES = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "KMSInternalException",
        "ModelNotReadyException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_REFUSED_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_MISSING_CODES = frozenset({"404", "NoSuchBucket", "NoSuchKey", "NotFound", "NotFoundException", "ResourceNotFound"})
_CONFLICT_CODES = frozenset(
    {"ConditionalRequestConflict", "ConflictException", "OperationAborted", "PreconditionFailed", "ResourceInUse"}
)
_MISSING_WORDS = ("could not find", "does not exist", "not found")


class Clients(Protocol):
    """Whoever can hand out clients: an Airflow connection in a task, a person's own credentials on the command line."""

    def client(self, service: Service) -> Any:
        """A boto3 client of the service; the same one each time, safe to use from several threads."""

    def within(self, environment: Environment, role_arn: str) -> Clients:
        """Clients in an environment's account.

        Args:
            environment: The environment.
            role_arn: The role to take on there, for who has no connection of the environment; empty for none.
        """


def client_settings(application: str = "model-governance") -> ClientSettings:
    """How every client behaves: short time-outs, a bounded number of retries, and a name in the user agent.

    Args:
        application: The user agent's application id (``app/<id>``), by which an approval record tells our own command
            line from a console.
    """
    return ClientSettings(
        connect_timeout=3,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=32,
        user_agent_appid=application,  # type: ignore[call-arg]
    )


class EnvironmentClients:
    """Clients from the environment (``AWS_*``, a profile): the command line, under the caller's own principal."""

    def __init__(self, session: boto3.Session | None = None, application: str = "model-governance") -> None:
        self._session = session
        self._settings = client_settings(application)
        self._application = application
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: Service) -> Any:
        """A boto3 client of the service.

        Raises:
            AccessRefused: There is no such profile, or no region.
        """
        with self._lock, calling(service, "a client"):
            if service not in self._clients:
                self._clients[service] = self._own().client(service, config=self._settings)
                keep_connections(self._clients[service])
            return self._clients[service]

    def within(self, environment: Environment, role_arn: str) -> Clients:
        """Clients of the role, taken on from these credentials; these themselves without a role.

        Raises:
            AccessRefused: There is no such profile, or no region.
        """
        if not role_arn:
            return self
        with self._lock, calling("sts", f"AssumeRole {role_arn}"):
            return EnvironmentClients(assuming(self._own(), role_arn, self._settings), self._application)

    def _own(self) -> boto3.Session:
        if self._session is None:
            self._session = boto3.Session()
        return self._session


class AirflowClients:
    """Clients from an Airflow connection: credentials, region and ``service_config.<service>.endpoint_url`` are its."""

    def __init__(self, conn_id: str = PIPELINE_CONNECTION, application: str = "model-governance") -> None:
        self.conn_id, self._application = conn_id, application
        self._settings = client_settings(application)
        self._hook: Any = None
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: Service) -> Any:
        """A boto3 client of the service.

        Raises:
            AccessRefused: The connection does not exist here.
        """
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._made(service)
                keep_connections(self._clients[service])
            return self._clients[service]

    def within(self, environment: Environment, role_arn: str) -> Clients:
        """Clients from the environment's connection, whose own role counts; these themselves without one."""
        conn_id = connection_of(environment)
        return self if conn_id in {self.conn_id, PIPELINE_CONNECTION} else AirflowClients(conn_id, self._application)

    def _made(self, service: Service) -> Any:
        """A client as the provider's hook would make it, but all of them from one session.

        The hook makes a session a client, and walks the call stack for a user agent that names the calling operator.
        """
        from airflow.exceptions import AirflowNotFoundException  # type: ignore[attr-defined]
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

        try:
            with calling(service, "a client"):
                if self._hook is None:
                    # Asked for first: the hook itself falls back to the process's own credentials.
                    AwsBaseHook.get_connection(self.conn_id)
                    hook = AwsBaseHook(aws_conn_id=self.conn_id, client_type=service, config=self._settings)
                    self._session = hook.get_session(region_name=hook.region_name)
                    self._hook = hook
                endpoint = self._hook.conn_config.get_service_endpoint_url(service)
                return self._session.client(
                    service, endpoint_url=endpoint, config=self._hook.config, verify=self._hook.verify
                )
        except AirflowNotFoundException as fault:
            raise AccessRefused(
                f"no client of {service}: there is no Airflow connection {self.conn_id!r} here: {fault}"
            ) from fault


def connection_of(environment: Environment) -> str:
    """The Airflow connection of an environment: its own, or, in an installation without one, the pipeline's."""
    from airflow.exceptions import AirflowNotFoundException  # type: ignore[attr-defined]
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    conn_id = ENVIRONMENT_CONNECTIONS[environment]
    try:
        AwsBaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        _say_once(conn_id)
        return PIPELINE_CONNECTION
    return conn_id


@cache
def _say_once(conn_id: str) -> None:
    _log.warning("there is no Airflow connection %s: %s is used, in its own account", conn_id, PIPELINE_CONNECTION)


@contextmanager
def calling(service: str, action: str) -> Iterator[None]:
    """What is called within: a failure of botocore leaves as one of this package's errors.

    Args:
        service: The service, as a reader knows it, such as ``sagemaker``.
        action: The API action and on what, such as ``UpdateModelPackage arn:aws:...``.

    Raises:
        ServiceUnavailable: Not reached, throttled or failing inside: worth another try.
        AccessRefused: The caller is not known or not allowed.
        RecordMissing: What was asked for is not there.
        RecordConflict: It exists already, or another writer was first.
        RequestRefused: Any other refusal.
    """
    try:
        yield
    except botocore_exceptions.ClientError as fault:
        raise _from_answer(fault, service, action) from fault
    except (botocore_exceptions.NoCredentialsError, botocore_exceptions.PartialCredentialsError) as fault:
        raise AccessRefused(f"{service} {action} was not sent: {fault}. Set credentials or a profile first.") from fault
    except (botocore_exceptions.ProfileNotFound, botocore_exceptions.NoRegionError) as fault:
        raise AccessRefused(f"{service} {action} was not sent: {fault}") from fault
    except (botocore_exceptions.HTTPClientError, botocore_exceptions.ConnectionError) as fault:
        raise ServiceUnavailable(f"{service} could not be reached for {action}: {fault}") from fault
    except boto3.exceptions.S3UploadFailedError as fault:
        raise _cause_of_upload(fault, service, action) from fault
    except (botocore_exceptions.IncompleteReadError, botocore_exceptions.ResponseStreamingError) as fault:
        raise ServiceUnavailable(f"{service} broke off its answer to {action}: {fault}") from fault
    except botocore_exceptions.BotoCoreError as fault:
        raise RequestRefused(f"{service} {action} could not be sent: {fault}") from fault


def _from_answer(fault: botocore_exceptions.ClientError, service: str, action: str) -> GovernanceError:
    """The error that stands for a service's answer."""
    answer = fault.response.get("Error", {})
    code = str(answer.get("Code", ""))
    message = str(answer.get("Message", "")) or code
    status = int(fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
    told = f"{service} {action}: {message} ({code})"
    lowered = message.lower()
    if code in _REFUSED_CODES or status == 401 or (status == 403 and code not in _MISSING_CODES):
        return AccessRefused(f"{told}. Ask someone who may, or have the principal's policy changed.")
    if code in _UNAVAILABLE_CODES or status >= 500:
        return ServiceUnavailable(told)
    if code in _CONFLICT_CODES or "already exist" in lowered:
        retries = int(fault.response.get("ResponseMetadata", {}).get("RetryAttempts", 0))
        return RecordConflict(told, was_retried=retries > 0)
    if code in _MISSING_CODES or (code == "ValidationException" and any(word in lowered for word in _MISSING_WORDS)):
        return RecordMissing(told)
    return RequestRefused(told)


def _cause_of_upload(fault: Exception, service: str, action: str) -> GovernanceError:
    """The error behind boto3's own wrapping of a failed managed upload."""
    cause = fault.__cause__ or fault.__context__
    if isinstance(cause, botocore_exceptions.ClientError):
        return _from_answer(cause, service, action)
    return ServiceUnavailable(f"{service} did not take {action}: {fault}")
