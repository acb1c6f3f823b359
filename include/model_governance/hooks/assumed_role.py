"""A session of another role, begun with one's own credentials; apart because botocore knows it only from a profile."""

from __future__ import annotations

from typing import Any

import boto3
import botocore.session
from botocore.config import Config as ClientSettings
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)


def assuming(own: boto3.Session, role_arn: str, settings: ClientSettings) -> boto3.Session:
    """A session that acts as a role, taken on when it is first needed and again before it ends.

    The role's session bears the caller's own name, so that records in the role's account say who it was.

    Args:
        own: The session to begin from.
        role_arn: The role.
        settings: Of the calls to STS.
    """
    core = botocore.session.Session(profile=own.profile_name if own.profile_name != "default" else None)
    core.set_config_variable("region", own.region_name)
    core.register_component("credential_provider", CredentialResolver([_Assuming(own, role_arn, settings)]))
    return boto3.Session(botocore_session=core)


class _Assuming(CredentialProvider):
    """Gives botocore the role's credentials, as its own provider does for a profile with ``role_arn``."""

    METHOD = "assume-role"

    def __init__(self, own: boto3.Session, role_arn: str, settings: ClientSettings) -> None:
        super().__init__()
        self._own, self._role_arn, self._settings = own, role_arn, settings

    def load(self) -> DeferredRefreshableCredentials:
        """Credentials that are fetched when they are first asked for."""
        return DeferredRefreshableCredentials(refresh_using=self._fetch, method=self.METHOD)

    def _fetch(self) -> dict[str, Any]:
        name = self._client("sts").get_caller_identity()["Arn"].rpartition("/")[2]
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=self._client,
            source_credentials=self._own.get_credentials(),
            role_arn=self._role_arn,
            extra_args={"RoleSessionName": name},
        )
        credentials: dict[str, Any] = fetcher.fetch_credentials()
        return credentials

    def _client(self, service: Any, **arguments: Any) -> Any:
        return self._own.client(service, config=self._settings, **arguments)
