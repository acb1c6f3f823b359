"""The gain of a trained tree model, from a file in XGBoost's form written by hand; other archives have none."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from model_governance.domain.evidence import EvidenceKind
from model_governance.evaluation.metric_groups import metric_groups
from model_governance.evaluation.model_gain import read_gain, with_gain
from model_governance.evaluation.report import Assessment


def archive(**files: object) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as members:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo(f"{name}.json")
            member.size = len(data)
            members.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def model(names: list[str], *trees: dict[str, list[float]]) -> dict[str, object]:
    return {"learner": {"feature_names": names, "gradient_booster": {"model": {"trees": list(trees)}}}}


TREE = {"split_indices": [1, 0, 0], "loss_changes": [6.0, 2.0, 0.0], "left_children": [1, 3, -1]}


def test_each_feature_has_its_share_of_the_gain():
    assert read_gain(archive(preprocessing={"features": []}, booster=model(["a", "b", "c"], TREE))) == {
        "b": 0.75,
        "a": 0.25,
        "c": 0.0,
    }


@pytest.mark.parametrize(
    "packed",
    [
        archive(),
        archive(a=b"no json"),
        archive(a=[1]),
        archive(a={"learner": 1}),
        archive(a=model(["a"])),
        archive(a=b"[" * 100_000),
        archive(a=model(["a"], {"split_indices": [0], "loss_changes": [], "left_children": [1]})),
        archive(a=model(["a"], {"split_indices": [0], "loss_changes": ["x"], "left_children": [1]})),
        archive(a=model(["a"], {"split_indices": ["0"], "loss_changes": [1.0], "left_children": [1]})),
        archive(a=model(["a"], {"split_indices": [0], "loss_changes": [float("inf")], "left_children": [1]})),
    ],
    ids=["empty", "no json", "a list", "another form", "no trees", "deep", "uneven", "text", "odd index", "infinite"],
)
def test_another_archive_has_none(packed):
    assert read_gain(packed) == {}


def test_the_gain_stands_in_the_report_and_in_the_card_as_bars():
    plain = Assessment(EvidenceKind.MODEL_QUALITY, {"binary_classification_metrics": {}}, ())
    assert with_gain(plain, {}) is plain
    report = with_gain(plain, {"b": 0.75, "a": 0.25}).report
    assert report["feature_gain"] == [{"name": "b", "value": 0.75}, {"name": "a", "value": 0.25}]
    (group,) = metric_groups(EvidenceKind.MODEL_QUALITY, report)
    assert (group["metric_data"][0]["value"], group["metric_data"][0]["x_axis_name"]) == ([0.75, 0.25], ["b", "a"])
