"""The SageMaker SDK's own parsers read our reports; the SDK is no dependency, and is had for the occasion where asked.

``MODEL_GOVERNANCE_SDK_TESTS=1`` lets uv make an environment of the SDK alone; without it these tests are skipped. A
metric of model quality without a value (one label throughout, say) is still null in its section: the SDK refuses that.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from model_governance.evaluation.assess import assess_post_training_bias, assess_pre_training_bias
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.explainability.attribution import assess_attributions
from model_governance.evaluation.explainability.kernel import Attributions
from model_governance.evaluation.model_quality.assess import assess_model_quality
from model_governance.evaluation.predictions import HeldOut

SDK = "sagemaker==2.257.0"
pytestmark = pytest.mark.skipif(
    not os.environ.get("MODEL_GOVERNANCE_SDK_TESTS") or shutil.which("uv") is None,
    reason="the SageMaker SDK is fetched only where MODEL_GOVERNANCE_SDK_TESTS is set and uv is there",
)
ROWS = 60


def reports(use_case: Any, data: Any) -> dict[str, tuple[str, bytes]]:
    """A report of each kind and problem type: {name: (the SDK's type, bytes)}."""
    draw = np.random.default_rng(5)
    facets = pd.DataFrame({"white": draw.choice(["0", "1", ""], ROWS)}, dtype=object)
    classes, numbers = draw.integers(0, 3, ROWS).astype(np.float64), draw.normal(size=ROWS)
    binary = HeldOut(classes > 0, facets)
    scores = draw.random(ROWS)
    of_classes = {"column": "approve", "positive": [1, 2], "classes": [0, 1, 2]}
    of_numbers = {"column": "approve", "positive": 0, "threshold": True}
    several, regression = (
        use_case(data={**data().model_dump(), "label": label}, limits=[{"metric": metric, "minimum": -9}])
        for label, metric in ((of_classes, "accuracy"), (of_numbers, "r2"))
    )
    lines = [
        f"{row},{row % 7},{cell},{int(label > 0)}"
        for row, (cell, label) in enumerate(zip(facets["white"], classes, strict=True))
    ]
    frozen = read_data_set("\n".join(["income,debt,white,approve", *lines]).encode(), use_case().data)
    shapley = Attributions(draw.normal(size=(ROWS, 2, 3)), np.asarray([0.1, 0.2, 0.3]))
    explained = assess_attributions(
        shapley, ["income", "debt"], labels=["label0", "label1", "label2"], method="kernel", scale="prediction",
        settings={}, limits=(), seed=1,
    )  # fmt: skip
    measured = {
        "pre": ("CLARIFY_BIAS", assess_pre_training_bias(frozen, use_case(), minimum_group_rows=5)),
        "post": ("CLARIFY_BIAS", assess_post_training_bias(binary, scores, use_case(), minimum_group_rows=5)),
        "shap": ("CLARIFY_EXPLAINABILITY", explained),
        "binary": ("BINARY_CLASSIFICATION", assess_model_quality(binary, scores, use_case(), minimum_group_rows=5)),
        "several": (
            "MULTICLASS_CLASSIFICATION",
            assess_model_quality(
                HeldOut(classes > 0, facets, values=classes), draw.dirichlet(np.ones(3), ROWS), several
            ),
        ),
        "regression": (
            "REGRESSION",
            assess_model_quality(HeldOut(numbers > 0, facets, values=numbers), numbers + scores, regression),
        ),
    }
    return {name: (kind, assessment.content) for name, (kind, assessment) in measured.items()}


def read_by_the_sdk(found: dict[str, tuple[str, bytes]], folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    """What a model card of the SDK holds of the reports."""
    arguments = []
    for name, (kind, content) in found.items():
        file = folder / f"{name.replace(' ', '_')}.json"
        file.write_bytes(content)
        arguments.append(f"{name}={kind}={file}")
    uv = shutil.which("uv") or "uv"
    command = [uv, "run", "--quiet", "--no-project", "--isolated", "--python", "3.11", "--with", SDK, "python"]
    script = str(Path(__file__).with_name("sdk_parsers.py"))
    answer = subprocess.run([*command, script, *arguments], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, (answer.stdout + answer.stderr)[-2000:]
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def test_the_sdks_parsers_read_a_report_of_every_kind(tmp_path, use_case, data):
    found = read_by_the_sdk(reports(use_case, data), tmp_path)
    (pre,) = found["pre"].values()
    assert set(pre) == {"CI", "DPL", "JS", "KL", "KS", "LP", "TVD"}
    (group,) = found["post"]
    assert group == "post_training_bias_metrics - label approve = 1 and facet white=0"
    assert {"DPPL", "DI", "AD", "RD", "SD", "DAR", "DRR", "DCA", "DCR", "TE", "GE"} <= set(found["post"][group])
    assert set(found["shap"]) == {f"explanations - global_shap_values, label=label{place}" for place in range(3)}
    assert found["binary"]["binary_classification_metrics"]["confusion_matrix"] == "matrix"
    assert found["binary"]["binary_classification_metrics"]["receiver_operating_characteristic_curve"] == "linear_graph"
    assert found["binary"]["binary_classification_metrics"]["accuracy"] == "number"
    assert found["several"]["multiclass_classification_metrics"]["confusion_matrix"] == "matrix"
    assert set(found["regression"]["regression_metrics"]) >= {"mae", "mse", "rmse", "r2"}
