"""Images: which URIs are known, and that an environment is made once and made again when it is out of date."""

from __future__ import annotations

import shutil
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sagemaker_server.errors import ValidationException
from sagemaker_server.runtime import images
from sagemaker_server.runtime.images import ImageNotPrepared, interpreter, known_images, resolve

PROJECT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("uri", "folder"),
    [
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5", "xgboost"),
        ("registry.example:5000/team/sagemaker-xgboost:3.0-5-cpu-py3", "xgboost"),
        ("sagemaker-scikit-learn:1.4-2", "scikit-learn"),
    ],
)
def test_image_is_known_by_repository_and_tag_whatever_the_registry(uri: str, folder: str) -> None:
    assert resolve(uri).folder.name == folder


@pytest.mark.parametrize(
    "uri", ["x/sagemaker-xgboost:1.0", "x/sagemaker-xgboost", "x/pytorch:2", "", "../xgboost:3.0-5"]
)
def test_unknown_image_is_refused_with_the_known_ones(uri: str) -> None:
    with pytest.raises(ValidationException, match=r"sagemaker-scikit-learn:1.4-2, sagemaker-xgboost:3.0-5"):
        resolve(uri)


def registries_of(lock: Path) -> set[str]:
    locked = tomllib.loads(lock.read_text())["package"]
    return {package["source"]["registry"] for package in locked if "registry" in package["source"]}


def test_locks_name_the_index_of_the_projects_own_lock_and_no_other() -> None:
    own = registries_of(PROJECT / "uv.lock")
    assert len(own) == 1
    for image in known_images():
        assert registries_of(image.folder / "uv.lock") == own


def test_environment_is_made_once_by_many_who_ask_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def synchronise(image: images.Image, folder: Path) -> None:
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        (folder / "bin" / "python").touch()
        made.append(image.digest)

    monkeypatch.setattr(images, "_synchronise", synchronise)
    folder = tmp_path / "image"
    shutil.copytree(known_images()[0].folder, folder)
    image = images._read(folder)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: interpreter(image, tmp_path / "environments"), range(8)))
    assert len(made) == 1
    (folder / "uv.lock").write_text((folder / "uv.lock").read_text() + "\n")
    interpreter(images._read(folder), tmp_path / "environments")
    assert len(made) == 2


def test_without_uv_the_message_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ImageNotPrepared, match="install uv"):
        interpreter(known_images()[0], tmp_path)
