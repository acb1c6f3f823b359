"""Abalone and direct marketing on their real data, from the file as published to judged evidence.

The data is not part of the project: MODEL_GOVERNANCE_TEST_DATA names a folder that has it. Without it these tests skip.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.public_data import PUBLIC_DATA, public_data, why_skipped

from model_governance.domain.evidence import EvidenceVerdict
from model_governance.domain.use_case import UseCase, parse_use_case
from model_governance.errors import DataRefused
from model_governance.evaluation.assess import assess_post_training_bias, assess_pre_training_bias
from model_governance.evaluation.data_quality import assess_data_quality
from model_governance.evaluation.data_set import DataSet, read_data_set
from model_governance.evaluation.explainability.assess import assess_contributions, assess_kernel
from model_governance.evaluation.explainability.kernel import rows_to_predict
from model_governance.evaluation.explainability.sample import Sample, sample_rows
from model_governance.evaluation.model_quality.assess import assess_model_quality
from model_governance.evaluation.predictions import HeldOut, read_holdout_labels, read_predictions
from model_governance.evaluation.split import Split, split_data_set

PROJECT = Path(__file__).parents[2]
ENVIRONMENTS = Path(os.environ.get("SAGEMAKER_SERVER_ENVIRONMENTS", PROJECT / ".environments"))
IMAGES = {"abalone": "xgboost", "direct-marketing": "scikit-learn"}


@dataclass(frozen=True)
class Example:
    """An example with its data."""

    name: str
    use_case: UseCase
    content: bytes
    data_set: DataSet
    split: Split

    @property
    def folder(self) -> Path:
        return PROJECT / "include" / "use_cases" / self.name

    @property
    def held_out(self) -> HeldOut:
        return read_holdout_labels(self.split.holdout_labels, self.use_case.data, self.split.holdout)

    @property
    def sample(self) -> Sample:
        declared = self.use_case.explainability
        return sample_rows(
            self.split.holdout,
            self.split.train,
            self.use_case.data.features,
            rows=min(declared.sample_rows, 20),
            background_rows=declared.background_rows,
            seed=declared.seed,
        )


def declared(name: str) -> UseCase:
    file = PROJECT / "include" / "use_cases" / name / "use_case.yaml"
    return parse_use_case(file.read_text(), file=str(file), folder=name)


@pytest.fixture(scope="module", params=PUBLIC_DATA)
def example(request: pytest.FixtureRequest) -> Example:
    if request.param not in public_data():
        pytest.skip(why_skipped(request.param))
    use_case = declared(request.param)
    content = public_data()[request.param].read_bytes()
    data_set = read_data_set(content, use_case.data)
    return Example(request.param, use_case, content, data_set, split_data_set(data_set, use_case.data))


@dataclass(frozen=True)
class Model:
    """A trained model, asked in the environment of its image."""

    python: Path
    folder: Path

    def answer(self, rows: bytes, output: str = "predictions") -> bytes:
        code = (
            "import sys, inference\n"
            "model = inference.model_fn(sys.argv[1])\n"
            "given = inference.input_fn(sys.stdin.buffer.read(), 'text/csv')\n"
            "sys.stdout.write(inference.output_fn(inference.predict_fn(given, model), 'text/csv'))\n"
        )
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.folder / "code"),
            "MODEL_GOVERNANCE_OUTPUT": output,
        }
        command = [self.python, "-c", code, self.folder]
        return subprocess.run(command, input=rows, env=environment, check=True, capture_output=True).stdout

    def refusal(self, rows: bytes, content_type: str = "text/csv") -> str:
        code = (
            "import sys, inference\n"
            "inference.model_fn(sys.argv[1])\n"
            "try:\n    inference.input_fn(sys.stdin.buffer.read(), sys.argv[2])\n"
            "except ValueError as fault:\n    print(fault)\n"
        )
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.folder / "code")}
        command = [self.python, "-c", code, self.folder, content_type]
        return subprocess.run(command, input=rows, env=environment, check=True, capture_output=True).stdout.decode()


@pytest.fixture(scope="module")
def model(example: Example, tmp_path_factory: pytest.TempPathFactory) -> Model:
    python = ENVIRONMENTS / IMAGES[example.name] / "bin" / "python"
    if not python.exists():
        pytest.skip(f"the image environment {IMAGES[example.name]} is not set up: make setup")
    channel, folder = tmp_path_factory.mktemp("channel"), tmp_path_factory.mktemp("model")
    (channel / "train.csv").write_bytes(example.split.train)
    hyperparameters = example.use_case.training.hyperparameters
    given = [part for name, value in hyperparameters.items() for part in (f"--{name}", str(value))]
    environment = {"PATH": os.environ["PATH"], "SM_CHANNEL_TRAIN": str(channel), "SM_MODEL_DIR": str(folder)}
    command = [python, example.folder / "train.py", *given]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return Model(python, folder)


def test_the_limits_are_the_ones_fixed_before_there_was_a_model() -> None:
    abalone = {(one.metric, one.maximum, one.severity) for one in declared("abalone").limits}
    assert ("mse", 6.0, "fail") in abalone
    marketing = declared("direct-marketing")
    assert ("accuracy", 0.8, "fail") in {(one.metric, one.minimum, one.severity) for one in marketing.limits}
    assert "duration" not in marketing.data.features
    assert marketing.data.facets[0].value_or_threshold == (39,)


@pytest.mark.parametrize("name", PUBLIC_DATA)
def test_the_data_comes_from_its_public_address(name: str) -> None:
    assert declared(name).data.source.startswith("https://archive.ics.uci.edu/")


def test_the_data_meets_its_expectations(example: Example) -> None:
    assert assess_data_quality(example.data_set, example.use_case.data).verdict is EvidenceVerdict.PASS


def test_equal_rows_stand_on_one_side(example: Example) -> None:
    proof = example.split.proof
    assert proof["rows_on_both_sides"] == 0
    assert proof["train"]["rows"] + proof["holdout"]["rows"] == example.data_set.row_count
    if example.name == "direct-marketing":
        assert proof["train"]["distinct_rows"] < proof["train"]["rows"]


def test_abalone_is_read_without_a_header_too() -> None:
    use_case = declared("abalone")
    lines = ["M,0.455,0.365,0.095,0.514,0.2245,0.101,0.15,15", "F,0.53,0.42,0.135,0.677,0.2565,0.1415,0.21,9"]
    header = ",".join(use_case.data.columns)
    bare, headed = ("\n".join(part).encode() for part in (lines, [header, *lines]))
    assert read_data_set(bare, use_case.data).cells.equals(read_data_set(headed, use_case.data).cells)
    with pytest.raises(DataRefused, match="line 1 has 3 fields; the use case names 9 columns"):
        read_data_set(b"M,0.455,15\n", use_case.data)


def test_the_model_meets_its_limits_on_held_out_rows(example: Example, model: Model) -> None:
    held_out = example.held_out
    predictions = read_predictions(
        model.answer(example.split.holdout), len(held_out.labels), example.use_case.data.label
    )
    quality = assess_model_quality(held_out, predictions, example.use_case, minimum_group_rows=30)
    bias = assess_post_training_bias(held_out, predictions, example.use_case, minimum_group_rows=30)
    assert (quality.failures, bias.failures) == ((), ())
    assert assess_pre_training_bias(example.data_set, example.use_case, minimum_group_rows=30).failures == ()
    values = {one.name: one.value for one in quality.measurements}
    if example.name == "abalone":
        assert values["mse"] == pytest.approx(4.32, abs=0.2)
    else:
        assert values["accuracy"] == pytest.approx(0.90, abs=0.01)
        assert values["auc"] == pytest.approx(0.807, abs=0.02)


def test_the_model_is_explained_and_the_explanation_is_its_own(example: Example, model: Model) -> None:
    sample, use_case = example.sample, example.use_case
    predictions = read_predictions(
        model.answer(example.split.holdout), len(example.held_out.labels), use_case.data.label
    )
    if use_case.explainability.method == "contributions":
        answers = model.answer(sample.csv(sample.rows), "contributions")
        assessment = assess_contributions(sample, answers, predictions, use_case)
        assert assessment.report["explanation_method"]["scale"] == "prediction"
    else:
        asked = rows_to_predict(
            sample, coalitions=use_case.explainability.coalitions, seed=use_case.explainability.seed
        )
        rows = sample.csv(asked)
        assessment = assess_kernel(sample, rows, model.answer(rows), predictions, use_case)
    explained = json.loads(assessment.content)["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    assert set(explained) == set(use_case.data.features)
    assert np.isfinite(list(explained.values())).all()
    assert max(explained, key=lambda name: explained[name]) in {"Shell weight", "month", "nr.employed", "euribor3m"}


def test_rows_that_are_none_are_refused_with_their_place(model: Model) -> None:
    assert "row 1 has 2 fields; the model takes" in model.refusal(b"no,such\nanimal")
    assert "the request is empty" in model.refusal(b"\n")
    assert "is not UTF-8" in model.refusal(b"\xff\xfe\x00")
    assert "the request must be" in model.refusal(b"[1, 2]", "application/json")
    assert "is not served" in model.refusal(b"1,2", "text/plain")
