"""A window of production traffic held to its version's baselines: every monitor, one after the other, in one report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model_governance.domain.use_case import UseCase
from model_governance.evaluation.baselines import Baselines
from model_governance.evaluation.capture import Captured, Window
from model_governance.evaluation.ground_truth import Truths
from model_governance.evaluation.window_report import WindowReport


@dataclass(frozen=True)
class Invocations:
    """What the endpoint itself counted in the window (CloudWatch's metrics of that name), refused requests included.

    Attributes:
        total: Invocations.
        refused: Answered with a 4xx.
        failed: Answered with a 5xx.
    """

    total: int
    refused: int
    failed: int


def assess_window(
    use_case: UseCase,
    window: Window,
    baselines: Baselines,
    captured: Captured,
    truths: Truths,
    *,
    minimum_group_rows: int = 1,
    attributions: Mapping[str, Mapping[str, float]] | None = None,
    attributed_rows: int = 0,
    invocations: Invocations | None = None,
) -> WindowReport:
    """Hold a window to the baselines of the version that served it.

    Args:
        use_case: The declaration under which the version was trained, with a ``monitoring`` section.
        window: From when to when.
        baselines: From ``parse_baselines``.
        captured: From ``read_capture`` of the same window; of that version's variant alone.
        truths: From ``read_ground_truth``.
        minimum_group_rows: Rows that each proportion of a bias metric must rest on, by the policy.
        attributions: Mean absolute Shapley value of each feature, by label, of rows of the window; None if there are
            none.
        attributed_rows: How many rows they are of.
        invocations: The endpoint's own counts; None if there are none.

    Raises:
        EvaluationRefused: The use case declares no monitoring.
    """
    raise NotImplementedError
