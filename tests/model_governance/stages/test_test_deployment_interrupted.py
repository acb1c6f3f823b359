"""A worker killed while it validates: what passed is evidence once, and the production gate may be asked for."""

from __future__ import annotations

import pytest
from tests.model_governance.decisions.conftest import Case, case
from tests.model_governance.evaluation.validation.asking import Endpoint
from tests.model_governance.operators.test_run import run_of
from tests.model_governance.stages.test_monitoring_interrupted import Killed, killed_at
from tests.model_governance.stages.test_test_deployment import approved, endpoint, recorded, validate

from model_governance.domain.decision import Gate
from model_governance.domain.deployment import Environment
from model_governance.hooks.model_registry import TEST_STAGE, StageStatus
from model_governance.operators.endpoint import note_stage

__all__ = ["case", "endpoint"]

pytestmark = pytest.mark.usefixtures("every_call_by_its_client")


@pytest.mark.parametrize("after", [False, True], ids=("before it is sent", "before its answer"))
def test_workers_killed_at_each_writing_call_of_a_validation_leave_one_record(
    case: Case, endpoint: Endpoint, after: bool
) -> None:
    """Each worker finds what the one before left, and is killed one write later in its own life."""
    approved(case)
    killed: list[str] = []
    for place in range(1, 20):
        with killed_at(place, after=after) as made:
            try:
                validate(case)
                note_stage(run_of(case), Environment.TEST, StageStatus.DEPLOYED, "validated")
                break
            except Killed:
                killed.append(made[-1])
    assert {"PutObject", "Sign"} <= set(killed), killed
    [evidence] = recorded(case)
    assert evidence["verdict"] == "pass"
    package = run_of(case).package()
    assert (package.stage, package.stage_status) == (TEST_STAGE, StageStatus.DEPLOYED)
    case.request(Gate.PRODUCTION)
