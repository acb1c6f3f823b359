"""Container images as locked environments: which there are, and the interpreter that stands for each.

A folder here is an image: its ``pyproject.toml`` names the repository and the tags that it answers to, its ``uv.lock``
what is in it. Adding an image is adding a folder. An environment is made on first use, or ahead of time by
``python -m sagemaker_server.runtime.images``; it is never the server's own.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet

from sagemaker_server.errors import ValidationException

FOLDER = Path(__file__).parent
PREPARATION_TIMEOUT = 1800
PASSED_TO_UV = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY", "no_proxy")


class ImageNotPrepared(Exception):
    """The environment behind an image could not be made; the message says what uv answered."""


@dataclass(frozen=True)
class Image:
    """A container image that can be run here.

    Attributes:
        repository: The repository's name in an image URI, such as ``sagemaker-xgboost``.
        tags: The versions that the environment stands for, such as ``3.0-5``.
        folder: Where its ``pyproject.toml`` and ``uv.lock`` are.
        requires_python: The interpreters that its packages are built for.
    """

    repository: str
    tags: tuple[str, ...]
    folder: Path
    requires_python: str

    @functools.cached_property
    def digest(self) -> str:
        """Sha256 over what the environment is made from, in hex: another lock or interpreter is another environment."""
        made_from = b"".join((self.folder / name).read_bytes() for name in ("pyproject.toml", "uv.lock"))
        return hashlib.sha256(made_from + sys.version.encode()).hexdigest()

    def environment(self, environments: Path) -> Path:
        """The folder of the image's environment."""
        return environments / self.folder.name


@functools.cache
def known_images() -> tuple[Image, ...]:
    """Every image that there is a folder for, in the order of their names."""
    return tuple(_read(file.parent) for file in sorted(FOLDER.glob("*/pyproject.toml")))


def resolve(uri: str) -> Image:
    """The image that a URI stands for, whatever registry it names.

    Args:
        uri: As in ``TrainingImage`` or ``Image``: ``<registry>/sagemaker-xgboost:3.0-5``, with or without ``-cpu-py3``.

    Raises:
        ValidationException: No such repository or tag; the message names those that there are.
    """
    repository, _, tag = uri.rsplit("/", 1)[-1].partition(":")
    for image in known_images():
        if image.repository == repository and tag.removesuffix("-cpu-py3") in image.tags:
            return image
    known = ", ".join(f"{image.repository}:{tag}" for image in known_images() for tag in image.tags)
    raise ValidationException(
        f"Could not find image {uri!r}: no environment here stands for {repository}:{tag or '(no tag)'}. "
        f"Known images, from any registry: {known}."
    )


def interpreter(image: Image, environments: Path) -> Path:
    """The Python of the image's environment, which is made first if it is absent or out of date.

    Two that ask at once make it once. A half-made one carries no stamp and is made again.

    Args:
        image: The image.
        environments: The folder that holds all environments.

    Raises:
        ImageNotPrepared: uv is missing, or could not install what the lock names.
    """
    folder = image.environment(environments)
    python, stamp = folder / "bin" / "python", folder / "made-from"
    if _is_current(stamp, image) and python.exists():
        return python
    environments.mkdir(parents=True, exist_ok=True)
    with (environments / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (_is_current(stamp, image) and python.exists()):
            _synchronise(image, folder)
            stamp.write_text(image.digest)
    return python


def _read(folder: Path) -> Image:
    declared = tomllib.loads((folder / "pyproject.toml").read_text())
    ours = declared["tool"]["sagemaker-server"]
    return Image(ours["repository"], tuple(ours["tags"]), folder, declared["project"]["requires-python"])


def _is_current(stamp: Path, image: Image) -> bool:
    return stamp.is_file() and stamp.read_text() == image.digest


def _synchronise(image: Image, folder: Path) -> None:
    """Installs exactly what the lock names, wheels only: nothing of an image is built, so nothing of it runs here."""
    (folder / "made-from").unlink(missing_ok=True)
    command = [
        _uv(folder.parent),
        "sync",
        "--frozen",
        "--no-build",
        "--compile-bytecode",
        "--no-progress",
        "--project",
        str(image.folder),
    ]
    if SpecifierSet(image.requires_python).contains(".".join(map(str, sys.version_info[:3]))):
        command += ["--python", sys.executable]
    passed = {name: value for name, value in os.environ.items() if _is_for_uv(name)}
    try:
        done = subprocess.run(
            command,
            env=passed | {"UV_PROJECT_ENVIRONMENT": str(folder.absolute())},
            capture_output=True,
            text=True,
            timeout=PREPARATION_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ImageNotPrepared(f"image {image.repository}: uv did not finish in {PREPARATION_TIMEOUT} s") from None
    if done.returncode != 0:
        raise ImageNotPrepared(f"image {image.repository}: uv sync ended with {done.returncode}: {done.stderr[-1000:]}")


def _is_for_uv(name: str) -> bool:
    return (
        name in PASSED_TO_UV
        or name.startswith(("UV_", "XDG_"))
        or name.lower() in ("http_proxy", "https_proxy", "all_proxy")
    )


def _uv(environments: Path) -> str:
    elsewhere = (Path(sys.executable).parent, environments / "uv" / "bin", Path.home() / ".local" / "bin")
    found = os.environ.get("UV") or shutil.which("uv") or shutil.which("uv", path=os.pathsep.join(map(str, elsewhere)))
    if found is None:
        raise ImageNotPrepared("uv is not on the PATH; it makes the environments of the container images: install uv")
    return found
