"""A use case's code is packed into the same bytes wherever and whenever it is the same."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from model_governance.errors import UseCaseInvalid
from model_governance.hooks.source_code import pack_source_code


def fill(folder: Path) -> Path:
    for name, text in {
        "train.py": "print(1)\n",
        "inference.py": "print(2)\n",
        "features/scale.py": "x = 1\n",
        "use_case.yaml": "name: x\n",
        "data/rows.csv": "a,b\n",
        "rows.csv": "a,b\n",
        "__pycache__/train.cpython-313.pyc": "",
        ".secret": "no",
        "tests/test_train.py": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_equal_code_gives_equal_bytes_whatever_its_times_and_modes(tmp_path: Path) -> None:
    first, second = fill(tmp_path / "first"), fill(tmp_path / "second")
    os.utime(second / "train.py", (1, 1))
    (second / "train.py").chmod(0o600)
    assert pack_source_code(first).archive == pack_source_code(second).archive


def test_only_code_is_packed(tmp_path: Path) -> None:
    packed = pack_source_code(fill(tmp_path))
    assert packed.files == ("features/scale.py", "inference.py", "train.py")
    with tarfile.open(fileobj=io.BytesIO(packed.archive), mode="r:gz") as archive:
        assert archive.getnames() == list(packed.files)
        assert archive.extractfile("train.py").read() == b"print(1)\n"  # type: ignore[union-attr]


def test_the_declaration_may_change_without_the_code_changing(tmp_path: Path) -> None:
    before = pack_source_code(fill(tmp_path)).sha256
    (tmp_path / "use_case.yaml").write_text("name: y\n")
    assert pack_source_code(tmp_path).sha256 == before
    (tmp_path / "train.py").write_text("print(3)\n")
    assert pack_source_code(tmp_path).sha256 != before


def test_a_link_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "case")
    (tmp_path / "secret.py").write_text("key = 1\n")
    (tmp_path / "case" / "linked.py").symlink_to(tmp_path / "secret.py")
    with pytest.raises(UseCaseInvalid, match=r"linked\.py: is a link"):
        pack_source_code(tmp_path / "case")
