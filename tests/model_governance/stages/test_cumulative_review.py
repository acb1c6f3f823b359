"""The full review that small retrainings add up to: it holds the candidate's gates until somebody closes it."""

from __future__ import annotations

from typing import Any

from tests.model_governance.decisions.conftest import Case, case
from tests.model_governance.stages.watched import Watched

from model_governance.domain.ledger import EntryKind
from model_governance.operators.run import Run
from model_governance.stages.cumulative_change import ask_for_full_review

__all__ = ["case"]


def following(case: Case, **rule: Any) -> tuple[Watched, Run]:
    """A version that serves, and the run whose candidate follows it."""
    watched = Watched.deployed(case, cumulative_change={"retrainings": 1, "population_stability_index": None, **rule})
    for number in (2, 3):
        case.run_id = f"manual__{number}"
        watched.approved_version()
    return watched, run_of(case)


def run_of(case: Case) -> Run:
    return Run(case.pipeline, case.pipeline.use_case(case.name), case.run_id, "", {})


def test_a_full_review_is_asked_for_once(case: Case) -> None:
    watched, run = following(case)
    finding = ask_for_full_review(run)
    assert finding is not None
    assert finding.severity == "high"
    assert "2 retrainings, 1 may follow" in finding.title
    watched.run(5)  # sets the clock
    assert ask_for_full_review(run_of(case)) is None


def test_a_version_that_is_in_no_registry_makes_a_review_due_and_stops_nobody(case: Case) -> None:
    """Else the deletion of one old version would end every lifecycle to come."""
    _, run = following(case, retrainings=5, metric_change={"auc": 0.1}, population_stability_index=0.2)
    first = case.entries(EntryKind.CANDIDATE)[0].subject
    case.principal("admin").clients.client("sagemaker").delete_model_package(ModelPackageName=first)
    finding = ask_for_full_review(run)
    assert finding is not None
    assert "no statistics" in finding.title
