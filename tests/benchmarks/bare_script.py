"""The bare machine-learning work of a lifecycle of loan approval, in one plain script: the lower bound."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from model_governance.domain.use_case import parse_use_case
from model_governance.evaluation.assess import assess_post_training_bias, assess_pre_training_bias
from model_governance.evaluation.data_quality import assess_data_quality
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.explainability.assess import assess_contributions
from model_governance.evaluation.explainability.sample import sample_rows
from model_governance.evaluation.model_quality.assess import assess_model_quality
from model_governance.evaluation.predictions import read_holdout_labels, read_predictions
from model_governance.evaluation.split import split_data_set

_PROJECT = Path(__file__).resolve().parents[2]
_USE_CASE = _PROJECT / "include" / "use_cases" / "loan-approval"
_PREDICT = """
import sys
sys.path.insert(0, sys.argv[1])
import inference
model = inference.model_fn(sys.argv[2])
rows = inference.input_fn(open(sys.argv[3]).read(), "text/csv")
said = inference.output_fn(inference.predict_fn(rows, model), "text/csv")
said = said[0] if isinstance(said, tuple) else said
open(sys.argv[4], "w").write(said if isinstance(said, str) else said.decode())
"""


def main(folder: Path) -> None:
    """Data to measured model, in the given empty folder."""
    python = _PROJECT / ".environments" / "xgboost" / "bin" / "python"
    use_case = parse_use_case((_USE_CASE / "use_case.yaml").read_text(), file="use_case.yaml", folder="loan-approval")
    csv = subprocess.run([sys.executable, str(_USE_CASE / "data.py")], check=True, capture_output=True).stdout
    data_set = read_data_set(csv, use_case.data)
    assess_data_quality(data_set, use_case.data)
    assess_pre_training_bias(data_set, use_case)
    split = split_data_set(data_set, use_case.data)
    for part in ("train", "model", "output"):
        (folder / part).mkdir()
    (folder / "train" / "train.csv").write_bytes(split.train)
    (folder / "holdout.csv").write_bytes(split.holdout)
    arguments = [
        word for name, value in use_case.training.hyperparameters.items() for word in (f"--{name}", str(value))
    ]
    places = {
        "SM_MODEL_DIR": str(folder / "model"),
        "SM_CHANNEL_TRAIN": str(folder / "train"),
        "SM_OUTPUT_DATA_DIR": str(folder / "output"),
        "SM_NUM_CPUS": "1",
    }
    subprocess.run([str(python), str(_USE_CASE / "train.py"), *arguments], check=True, env=os.environ | places)
    declared = use_case.explainability
    sample = sample_rows(
        split.holdout,
        split.train,
        use_case.data.features,
        rows=declared.sample_rows,
        background_rows=declared.background_rows,
        seed=declared.seed,
    )
    (folder / "sample.csv").write_bytes(sample.csv(sample.rows))
    for rows, output in (("holdout", "predictions"), ("sample", "contributions")):
        parts = [str(_USE_CASE), str(folder / "model"), str(folder / f"{rows}.csv"), str(folder / f"{output}.csv")]
        told = os.environ | {"MODEL_GOVERNANCE_OUTPUT": output}
        subprocess.run([str(python), "-c", _PREDICT, *parts], check=True, env=told)
    held_out = read_holdout_labels(split.holdout_labels, use_case.data, split.holdout)
    probabilities = read_predictions((folder / "predictions.csv").read_bytes(), len(held_out.labels))
    assess_model_quality(held_out, probabilities, use_case)
    assess_post_training_bias(held_out, probabilities, use_case)
    assess_contributions(sample, (folder / "contributions.csv").read_bytes(), probabilities, use_case)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
