"""What each example declares of its test endpoint, held by its own model on a real endpoint, with the real stubs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from tests.public_data import public_data, why_skipped
from tests.sagemaker_server.conftest import server_and_store, workshop
from tests.sagemaker_server.workshop import SCIKIT_LEARN, XGBOOST, Workshop, free_port

from model_governance.domain.evidence import EvidenceVerdict
from model_governance.domain.use_case import UseCase, parse_use_case
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.split import Split, split_data_set
from model_governance.evaluation.validation.assess import assess_validation, run_tests
from model_governance.evaluation.validation.dependencies import Calls
from model_governance.evaluation.validation.questions import Question, Sample, read_rows, read_scores
from model_governance.hooks.dependencies import Addresses, Dependencies
from model_governance.hooks.invocations import asked_once
from stack.stubs import application

__all__ = ["server_and_store", "workshop"]

USE_CASES = Path(__file__).parents[2] / "include" / "use_cases"
ENVIRONMENTS = Path(os.environ.get("SAGEMAKER_SERVER_ENVIRONMENTS", USE_CASES.parents[1] / ".environments"))
IMAGES = {
    "loan-approval": ("xgboost", XGBOOST),
    "abalone": ("xgboost", XGBOOST),
    "direct-marketing": ("scikit-learn", SCIKIT_LEARN),
}


@pytest.fixture(scope="module")
def stubs_url() -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(application(USE_CASES), host="127.0.0.1", port=port, log_level="error"))
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    serving.join()


def published(name: str) -> bytes:
    """The example's data set; the test is skipped without it."""
    if name == "loan-approval":
        script = [sys.executable, str(USE_CASES / name / "data.py")]
        return subprocess.run(script, capture_output=True, check=True, timeout=120).stdout
    if name not in public_data():
        pytest.skip(why_skipped(name))
    return public_data()[name].read_bytes()


def trained(use_case: UseCase, split: Split, folder: Path) -> dict[str, str | bytes]:
    """The files of the example's model, trained as its training job is."""
    python = ENVIRONMENTS / IMAGES[use_case.name][0] / "bin" / "python"
    if not python.exists():
        pytest.skip("the environment of its image is not set up: make setup")
    channel, model = folder / "train", folder / "model"
    channel.mkdir()
    model.mkdir()
    (channel / "train.csv").write_bytes(split.train)
    given = [text for name, value in use_case.training.hyperparameters.items() for text in (f"--{name}", str(value))]
    environment = {"PATH": os.environ["PATH"], "SM_CHANNEL_TRAIN": str(channel), "SM_MODEL_DIR": str(model)}
    command = [python, USE_CASES / use_case.name / "train.py", *given]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return {str(file.relative_to(model)): file.read_bytes() for file in model.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", IMAGES)
def test_an_example_shows_what_it_declares(name: str, workshop: Workshop, stubs_url: str, tmp_path: Path) -> None:
    file = USE_CASES / name / "use_case.yaml"
    use_case = parse_use_case(file.read_text(), file=str(file), folder=name)
    split = split_data_set(read_data_set(published(name), use_case.data), use_case.data)
    files: dict[str, Any] = trained(use_case, split, tmp_path)
    script = files.pop("code/inference.py").decode()
    workshop.endpoint(script, image=IMAGES[name][1], **{key.replace(".", "__"): data for key, data in files.items()})
    ask = asked_once(workshop.runtime, workshop.name)
    rows, label = read_rows(split.holdout), use_case.data.label
    predicted = read_scores(ask(Question(split.holdout)), len(rows), label)
    held_out = Sample(use_case.data.features, label, rows, np.asarray(predicted), use_case.deployment.parity_tolerance)
    around = Dependencies(name, Addresses(stubs_url), {"use_case": name, "version": 1, "test": True})
    checks = run_tests(ask, Calls(around.get, around.post, around.call_in_words), held_out, use_case)
    workshop.sagemaker.delete_endpoint(EndpointName=workshop.name)
    assessment = assess_validation(checks, use_case, attempt=1, basis={})
    for measurement in assessment.measurements:
        print(measurement.sentence)
    untimed = [each for each in assessment.measurements if not each.name.startswith("latency_p")]
    assert [each.sentence for each in untimed if each.verdict is not EvidenceVerdict.PASS] == []
    assert len(untimed) >= 20
