"""Asks an endpoint for what the batch transform has predicted already; the check of both deployments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model_governance.domain.deployment import Environment
from model_governance.errors import GateClosed
from model_governance.evaluation.predictions import read_predictions
from model_governance.operators.endpoint import config_name, endpoint_name
from model_governance.operators.run import Run
from model_governance.stages.bias_evaluation import held_out_predictions


@dataclass(frozen=True)
class Parity:
    """How an endpoint's answers compare with the batch transform's.

    Attributes:
        rows: How many held-out rows were sent.
        largest_difference: Between two answers to one row, rounded to nine decimals: of probabilities in [0, 1],
            otherwise in the unit of the label.
    """

    rows: int
    largest_difference: float


def compare_with_transform(run: Run, environment: Environment, rows: int) -> Parity:
    """Sends held-out rows to an endpoint and compares what it answers.

    Args:
        run: The run.
        environment: Which endpoint.
        rows: How many rows, from the first on; at most as many as there are.

    Raises:
        EvaluationRefused: The answers are no predictions of the label, or not one a row.
        RequestRefused: The endpoint does not accept the rows.
        GateClosed: The endpoint serves another version.
    """
    refuse_other_version(run, environment)
    _, predicted = held_out_predictions(run)
    lines = run.installation.artifacts.get(f"{run.split_prefix}holdout.csv").decode().splitlines()[:rows]
    answer = run.installation.endpoints_in(environment).invoke(endpoint_name(run, environment), "\n".join(lines) + "\n")
    served = read_predictions(answer.encode(), len(lines), run.use_case.data.label)
    difference = float(np.max(np.abs(served - predicted[: len(lines)])))
    return Parity(len(lines), round(difference, 9))


def refuse_other_version(run: Run, environment: Environment) -> None:
    """Raises unless the endpoint is in service with this run's candidate.

    Raises:
        GateClosed: It serves another version, or nothing.
    """
    found = run.installation.endpoints_in(environment).describe(endpoint_name(run, environment))
    if (found.status, found.config) != ("InService", config_name(run, environment)):
        raise GateClosed(
            f"endpoint {found.name} is {found.status} with {found.config}, not InService with "
            f"{config_name(run, environment)}: another run has it, or it failed. Clear this stage's deploy task."
        )
