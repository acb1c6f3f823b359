"""Containers to serve from: what a model comes down to, and how its files are laid out for a serving process."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagemaker_server.runtime.objects import Location, Objects

MODEL, SOURCE = "model.tar.gz", "sourcedir.tar.gz"


class ContainerRefused(Exception):
    """A container cannot be served; the message says why."""


@dataclass(frozen=True)
class Container:
    """What a model comes down to.

    Attributes:
        image: The image's URI.
        model_data: The ``s3://`` URI of ``model.tar.gz``; None: the image alone.
        variables: Its environment.
        etag: The ETag that the model data had when its package was registered; None: any will do.
    """

    image: str
    model_data: str | None
    variables: Mapping[str, str]
    etag: str | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Container:
        """The container as it is stored: ``{"Image", "ModelDataUrl"?, "ModelDataETag"?, "Environment"?}``."""
        environment = dict(stored.get("Environment") or {})
        return cls(stored["Image"], stored.get("ModelDataUrl"), environment, stored.get("ModelDataETag"))

    @property
    def source(self) -> str | None:
        """The ``s3://`` URI of its source, if that is not within the model."""
        directory = self.variables.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
        return directory if directory.startswith("s3://") else None


def stage(container: Container, folder: Path, objects: Objects, expected: str | None = None) -> str | None:
    """Brings a container's archives into a folder, where they stay as long as it serves.

    What is there already with the expected digest is taken as it is, so that an endpoint comes back without the store.

    Args:
        container: The container.
        folder: Where to.
        objects: The store.
        expected: Sha256 of the model data, if it was served before.

    Returns:
        Sha256 of the model data, in hex; None without any.

    Raises:
        ContainerRefused: The model data is no longer what was served before.
        ObjectsUnavailable: The store has it not, or cannot be reached.
        ValueError: A URI is not of the form ``s3://bucket/key``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if container.source is not None and not (folder / SOURCE).exists():
        _fetch(objects, container.source, folder / SOURCE)
    if container.model_data is None:
        return None
    file = folder / MODEL
    if expected is None or not file.exists() or digest_of(file) != expected:
        _fetch(objects, container.model_data, file, container.etag)
    found = digest_of(file)
    if expected is not None and found != expected:
        raise ContainerRefused(
            f"{container.model_data} has changed since it was deployed: sha256 {found} instead of {expected}"
        )
    return found


def lay_out(staged: Path, run: Path) -> None:
    """A fresh folder for one serving process, from archives that earlier ones cannot have touched.

    Args:
        staged: The folder with the archives.
        run: The folder to make; what was there is removed.
    """
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir(parents=True)
    for name in (MODEL, SOURCE):
        if (staged / name).exists():
            shutil.copyfile(staged / name, run / name)


def digest_of(file: Path) -> str:
    """Sha256 of a file, in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _fetch(objects: Objects, uri: str, file: Path, etag: str | None = None) -> None:
    """Downloads beside and renames, so that a file under its own name is whole."""
    partial = file.with_suffix(".partial")
    objects.fetch(Location.parse(uri), partial, etag)
    partial.replace(file)
