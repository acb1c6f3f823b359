"""What a model's archive must bring to be served."""

from __future__ import annotations

import io
import tarfile

import pytest

from model_governance.errors import EvaluationRefused
from model_governance.stages.training import refuse_unservable


def archive(*names: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    return packed.getvalue()


@pytest.mark.parametrize("name", ["code/inference.py", "./code/inference.py"])
def test_an_archive_with_its_serving_program_is_taken(name: str) -> None:
    refuse_unservable(archive("xgboost-model.json", name), "s3://b/model.tar.gz")


def test_an_archive_without_one_is_refused_naming_what_it_holds() -> None:
    with pytest.raises(EvaluationRefused, match=r"no code/inference.py.*inference.py, xgboost-model.json"):
        refuse_unservable(archive("xgboost-model.json", "inference.py"), "s3://b/model.tar.gz")


@pytest.mark.parametrize(
    "content", [b"", b"no archive", archive("code/inference.py")[:20]], ids=("empty", "text", "cut off")
)
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(EvaluationRefused, match="no gzipped tar archive"):
        refuse_unservable(content, "s3://b/model.tar.gz")
