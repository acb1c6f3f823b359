"""The Python environments beside the project's own: the object store's, and by the server's own hand the images'."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable

from stack.environment import machine_environment
from stack.errors import ToolMissing
from stack.settings import Settings

_STAMP = ".lock-sha256"
_FOR_UV = ("UV_", "XDG_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def make_object_store_environment(settings: Settings, say: Callable[[str], None]) -> None:
    """Make the object store's environment if it is not there, or if its lock has changed.

    Raises:
        ToolMissing: uv is needed and not there, or failed.
    """
    folder, target = settings.project / "include" / "stack" / "s3", settings.environments / "s3"
    digest = hashlib.sha256((folder / "uv.lock").read_bytes()).hexdigest()
    stamp = target / _STAMP
    if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        return
    say("installing the object store's environment ...")
    command = [_uv(settings), "sync", "--quiet", "--frozen", "--project", str(folder), "--python", sys.executable]
    if subprocess.run(command, env={**_for_uv(), "UV_PROJECT_ENVIRONMENT": str(target)}, check=False).returncode:
        raise ToolMissing(f"uv could not make the environment of {folder}; its words are above")
    stamp.write_text(digest, encoding="ascii")


def make_image_environments(settings: Settings, say: Callable[[str], None]) -> None:
    """Have the SageMaker server make the environments of its images, so that the first job need not wait for it.

    Raises:
        ToolMissing: uv is needed and not there, or failed.
    """
    say("installing the environments of the container images ...")
    command = [sys.executable, "-m", "sagemaker_server.runtime.images"]
    environment = {**_for_uv(), "UV": _uv(settings), "SAGEMAKER_SERVER_ENVIRONMENTS": str(settings.environments)}
    if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode:
        raise ToolMissing("an image's environment could not be made; why is said above")


def _uv(settings: Settings) -> str:
    found = shutil.which("uv") or shutil.which("uv", path=str(settings.environments / "uv" / "bin"))
    if found is None:
        raise ToolMissing("uv is not on the path and not in .environments/uv: run make setup, which installs it")
    return found


def _for_uv() -> dict[str, str]:
    theirs = {name: value for name, value in os.environ.items() if name.upper().startswith(_FOR_UV)}
    return {**theirs, **machine_environment()}
