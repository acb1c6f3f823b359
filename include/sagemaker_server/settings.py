"""Where this installation keeps its things: the server's environment variables read once, into one frozen object."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sagemaker_server.errors import ServerMisconfigured

SCHEMA_PREFIX = "account_"
"""Of the PostgreSQL schema of every account but the first."""

_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """The installation.

    Attributes:
        home: Folder of all state: the database, job folders, logs, sockets.
        database_url: SQLAlchemy URL; SQLite and PostgreSQL are supported.
        environments: Folder of the image environments.
        principals: JSON file of the account and its principals' keys.
        policies: Folder of ``<principal>.json``, an IAM policy document each.
        ledger_key: PEM file of the Ed25519 private key behind ``alias/model-governance-ledger``; None: no key.
        decisions_key: The same behind ``alias/model-governance-decisions``.
        oversight_key: The same behind ``alias/model-governance-oversight``.
        operations_key: The same behind ``alias/model-governance-operations``.
        host: Address to listen on.
        port: Port to listen on, in [0, 65535]; 0 takes a free one.
        region: The one region that is served.
        account: The account of the installation's users, 12 digits; others have roles only.
        capture_spool_bytes: Bytes of captured data that an endpoint keeps on disk while the store does not take them.
        allow_wider_than_loopback: Whether ``host`` may be reachable from other machines.
    """

    home: Path
    database_url: str
    environments: Path
    principals: Path
    policies: Path
    ledger_key: Path | None = None
    decisions_key: Path | None = None
    oversight_key: Path | None = None
    operations_key: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8601
    region: str = "us-east-1"
    account: str = "111122223333"
    capture_spool_bytes: int = 128 << 20
    allow_wider_than_loopback: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings that the environment describes.

        Raises:
            ServerMisconfigured: A value is not usable.
        """
        values = os.environ if environment is None else environment
        home = Path(values.get("SAGEMAKER_SERVER_HOME") or _PROJECT / ".stack" / "sagemaker-server")
        ledger_key = values.get("SAGEMAKER_SERVER_LEDGER_KEY")
        decisions_key = values.get("SAGEMAKER_SERVER_DECISIONS_KEY")
        oversight_key = values.get("SAGEMAKER_SERVER_OVERSIGHT_KEY")
        operations_key = values.get("SAGEMAKER_SERVER_OPERATIONS_KEY")
        return cls(
            home=home,
            database_url=values.get("SAGEMAKER_SERVER_DATABASE_URL") or f"sqlite:///{home / 'sagemaker.sqlite'}",
            environments=Path(values.get("SAGEMAKER_SERVER_ENVIRONMENTS") or _PROJECT / ".environments"),
            principals=Path(values.get("SAGEMAKER_SERVER_PRINCIPALS") or home / "principals.json"),
            policies=Path(values.get("SAGEMAKER_SERVER_POLICIES") or _PROJECT / "include" / "policies" / "iam"),
            ledger_key=Path(ledger_key) if ledger_key else None,
            decisions_key=Path(decisions_key) if decisions_key else None,
            oversight_key=Path(oversight_key) if oversight_key else None,
            operations_key=Path(operations_key) if operations_key else None,
            host=values.get("SAGEMAKER_SERVER_HOST") or "127.0.0.1",
            port=_port(values.get("SAGEMAKER_SERVER_PORT") or values.get("MODEL_GOVERNANCE_SAGEMAKER_PORT") or "8601"),
            region=values.get("AWS_DEFAULT_REGION") or "us-east-1",
            account=values.get("SAGEMAKER_SERVER_ACCOUNT") or "111122223333",
            capture_spool_bytes=_capture_spool_bytes(values.get("SAGEMAKER_SERVER_CAPTURE_SPOOL_BYTES")),
            allow_wider_than_loopback=values.get("SAGEMAKER_SERVER_ALLOW_WIDER_THAN_LOOPBACK", "").lower() == "true",
        )

    def of_account(self, account: str) -> Settings:
        """The same installation as another account has it: with a home and a database of its own, and no keys of KMS.

        Args:
            account: 12 digits.
        """
        if account == self.account:
            return self
        return replace(
            self,
            account=account,
            home=self.home / "accounts" / account,
            database_url=_database_of(self.database_url, account),
            ledger_key=None,
            decisions_key=None,
            oversight_key=None,
            operations_key=None,
        )

    @property
    def listens_on_loopback_only(self) -> bool:
        """Whether only programs of this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def _database_of(url: str, account: str) -> str:
    """SQLite: a file beside the first account's, with the number in its name; PostgreSQL: a schema of its own."""
    if not url.startswith("sqlite"):
        separator = "&" if "?" in url else "?"
        return f"{url}{separator}options=-csearch_path%3D{SCHEMA_PREFIX}{account}"
    address, _, query = url.partition("?")
    stem, dot, ending = address.rpartition(".")
    name = f"{stem}.{account}.{ending}" if dot and "/" not in ending else f"{address}.{account}"
    return f"{name}?{query}" if query else name


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise ServerMisconfigured(f"SAGEMAKER_SERVER_PORT is {text!r}: must be a whole number in [0, 65535]")
    return int(text)


def _capture_spool_bytes(text: str | None) -> int:
    if not text:
        return Settings.capture_spool_bytes
    if not text.isdecimal():
        raise ServerMisconfigured(
            f"SAGEMAKER_SERVER_CAPTURE_SPOOL_BYTES is {text!r}: must be a whole number of bytes, 0 or more"
        )
    return int(text)
