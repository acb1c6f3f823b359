"""The Python environments beside the project's own: the object store's and the container images', each locked by itself."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from stack.environment import machine_environment
from stack.errors import ToolMissing
from stack.settings import Settings

_STAMP = ".lock-sha256"


def locked_environments(settings: Settings) -> dict[str, Path]:
    """Folders with a ``uv.lock`` of their own, by the name of the environment made from each."""
    include = settings.project / "include"
    images = sorted((include / "sagemaker_server" / "runtime" / "images").glob("*/uv.lock"))
    return {"s3": include / "stack" / "s3", **{file.parent.name: file.parent for file in images}}


def make_environments(settings: Settings, say: Callable[[str], None]) -> None:
    """Make each environment that is not there or whose lock has changed; nothing is done for the others.

    Raises:
        ToolMissing: uv is needed and not there, or failed.
    """
    for name, folder in locked_environments(settings).items():
        target = settings.environments / name
        digest = hashlib.sha256((folder / "uv.lock").read_bytes()).hexdigest()
        stamp = target / _STAMP
        if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
            continue
        say(f"installing environment {name} ...")
        _sync(folder, target, settings)
        stamp.write_text(digest, encoding="ascii")


def _sync(folder: Path, target: Path, settings: Settings) -> None:
    uv = shutil.which("uv") or shutil.which("uv", path=str(settings.environments / "uv" / "bin"))
    if uv is None:
        raise ToolMissing("uv is not on the path and not in .environments/uv: run make setup, which installs it")
    command = [uv, "sync", "--quiet", "--frozen", "--project", str(folder), "--python", sys.executable]
    ours = {name: value for name, value in os.environ.items() if name.startswith(("UV_", "HTTP", "http", "NO_PROXY"))}
    environment = {**ours, **machine_environment(), "UV_PROJECT_ENVIRONMENT": str(target)}
    if subprocess.run(command, env=environment, check=False).returncode:
        raise ToolMissing(f"uv could not make environment {target.name} from {folder / 'uv.lock'}; its words are above")
