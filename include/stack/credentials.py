"""Keys and passwords of one installation: made at the first start, in files that only their owner can read."""

from __future__ import annotations

import base64
import json
import os
import secrets
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stack.errors import StackError
from stack.settings import Settings

PEOPLE = (
    "admin",
    "model-owner",
    "data-scientist",
    "business-approver",
    "governance-officer",
    "production-approver",
    "policy-owner",
)
SERVICES = ("pipeline", "decision-service", "runtime")

FERNET_KEY = "airflow-fernet-key"
API_SECRET_KEY = "airflow-api-secret-key"  # noqa: S105
JWT_SECRET = "airflow-jwt-secret"  # noqa: S105
PASSWORDS = "airflow-passwords.json"
PRINCIPALS = "principals.json"
LEDGER_KEY = "ledger-key.pem"
LEDGER_PUBLIC_KEY = "ledger-public-key.pem"
DECISIONS_KEY = "decisions-key.pem"
DECISIONS_PUBLIC_KEY = "decisions-public-key.pem"
OVERSIGHT_KEY = "oversight-key.pem"
OVERSIGHT_PUBLIC_KEY = "oversight-public-key.pem"
OPERATIONS_KEY = "operations-key.pem"
OPERATIONS_PUBLIC_KEY = "operations-public-key.pem"
COMPOSE = "compose.env"


@dataclass(frozen=True)
class Key:
    """An access key of a principal."""

    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True)
class Credentials:
    """The folder of secrets, read only where a value is needed."""

    folder: Path

    def path(self, name: str) -> Path:
        """Where the secret of that name is kept."""
        return self.folder / name

    def text(self, name: str) -> str:
        """A secret.

        Raises:
            StackError: It has not been made, or may not be read.
        """
        try:
            return self.path(name).read_text(encoding="utf-8").strip()
        except OSError as fault:
            raise StackError(f"secret {self.path(name)} cannot be read: {fault.strerror}") from None

    def key(self, principal: str) -> Key:
        """The access key of a principal, from a file of its own so that a part can be given one and no other.

        Raises:
            StackError: There is no such principal.
        """
        entry = json.loads(self.text(f"principal-{principal}.json"))
        return Key(entry["access_key_id"], entry["secret_access_key"])

    def password(self, user: str) -> str:
        """A person's password for Airflow.

        Raises:
            StackError: There is no such user; the message names those there are.
        """
        passwords: dict[str, str] = json.loads(self.text(PASSWORDS))
        if user not in passwords:
            raise StackError(f"there is no user {user}: there are {', '.join(passwords)}")
        return passwords[user]


def airflow_users(settings: Settings) -> dict[str, str]:
    """Airflow's users and their roles, from the policies' people file; the example's people without one."""
    file = settings.policies / "people.yaml"
    if not file.is_file():
        return {name: _role(name) for name in PEOPLE}
    try:
        people = yaml.safe_load(file.read_text(encoding="utf-8"))["people"]
        return {str(person["airflow_user"]): _role(person["airflow_user"]) for person in people}
    except (yaml.YAMLError, KeyError, TypeError) as fault:
        raise StackError(f"people file {file} is not understood: {fault!r}") from None


def principal_names(settings: Settings) -> list[str]:
    """Every principal of the installation: the services', and those who have an IAM document."""
    documents = sorted(file.stem for file in (settings.policies / "iam").glob("*.json"))
    return list(dict.fromkeys([*PEOPLE, *SERVICES, *documents]))


def make_credentials(settings: Settings) -> Credentials:
    """Make every secret that is not there yet; what is there stays as it is.

    Returns:
        The folder, mode 0700, its files mode 0600.
    """
    folder = settings.secrets
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    _keep(folder / FERNET_KEY, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    for name in (API_SECRET_KEY, JWT_SECRET):
        _keep(folder / name, secrets.token_urlsafe(48))
    _keep_members(folder / PASSWORDS, {user: secrets.token_urlsafe(15) for user in airflow_users(settings)})
    _keep_principals(settings)
    _keep_key_pair(folder / LEDGER_KEY, folder / LEDGER_PUBLIC_KEY)
    _keep_key_pair(folder / DECISIONS_KEY, folder / DECISIONS_PUBLIC_KEY)
    _keep_key_pair(folder / OVERSIGHT_KEY, folder / OVERSIGHT_PUBLIC_KEY)
    _keep_key_pair(folder / OPERATIONS_KEY, folder / OPERATIONS_PUBLIC_KEY)
    _keep(folder / COMPOSE, _compose_variables())
    return Credentials(folder)


def _role(user: str) -> str:
    return "admin" if user == "admin" else "user"


def _keep_principals(settings: Settings) -> None:
    file = settings.secrets / PRINCIPALS
    known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    principals = dict(known.get("principals", {}))
    for name in principal_names(settings):
        principals.setdefault(name, {"access_key_id": _access_key_id(), "secret_access_key": secrets.token_urlsafe(30)})
        _keep(settings.secrets / f"principal-{name}.json", json.dumps(principals[name]))
    # Sessions of roles that are under way end when this key is changed.
    session_key = known.get("session_key") or base64.b64encode(secrets.token_bytes(32)).decode()
    document = {"account": settings.account, "principals": principals, "session_key": session_key}
    if document != known:
        _write(file, json.dumps(document, indent=1))


def _keep_key_pair(private_file: Path, public_file: Path) -> None:
    if not private_file.exists():
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write(private_file, pem.decode())
    loaded = serialization.load_pem_private_key(private_file.read_bytes(), password=None)
    public = loaded.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _keep(public_file, public.decode())


def _compose_variables() -> str:
    """Passwords that only docker-compose.yaml's databases need, and the user who may read the files beside this one."""
    names = ("AIRFLOW_DATABASE_PASSWORD", "BROKER_PASSWORD", "REGISTRY_PASSWORD", "MINIO_ROOT_PASSWORD")
    passwords = [f"{name}={secrets.token_hex(20)}" for name in names]
    return "\n".join([*passwords, f"MODEL_GOVERNANCE_UID={os.getuid()}", ""])


def _keep_members(file: Path, defaults: dict[str, str]) -> None:
    known: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if not defaults.keys() <= known.keys():
        _write(file, json.dumps({**defaults, **known}, indent=1))


def _keep(file: Path, text: str) -> None:
    if not file.exists():
        _write(file, text)


def _write(file: Path, text: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _access_key_id() -> str:
    return "AKIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))
