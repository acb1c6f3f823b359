"""Whether a request is still waited for, by what Airflow says of its run; in doubt it is."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from tests.model_governance.domain.literals import request

from model_governance.domain.decision import Gate
from model_governance.errors import RecordMissing
from model_governance.stages.watch import a_missing_bucket_skips_the_task, each_by_itself, is_awaited_in_airflow

RUN = "manual__1"
WAIT = "governance_approval.wait"


class TaskInstance:
    """Stands in for the running task, of which Airflow's answers are asked."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    def get_task_states(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "awaited"),
    [
        ({RUN: {WAIT: "deferred"}}, True),
        ({RUN: {WAIT: "scheduled"}}, True),
        ({RUN: {WAIT: None}}, True),
        ({RUN: {WAIT: "failed"}}, False),
        ({RUN: {WAIT: "success"}}, False),
        ({RUN: {WAIT: "upstream_failed"}}, False),
        ({}, False),
        (ConnectionError("no answer"), True),
    ],
)
def test_a_request_is_awaited_until_its_run_waits_no_more(answer: dict[str, Any] | Exception, awaited: bool) -> None:
    task_instance = TaskInstance(answer)
    asked = request().model_copy(update={"run_id": RUN})
    assert is_awaited_in_airflow(task_instance)(asked) is awaited
    assert task_instance.asked == [
        {"dag_id": "model_lifecycle.loan-approval", "task_ids": [WAIT], "run_ids": [RUN]},
    ]


def test_a_use_case_is_awaited_while_any_of_its_runs_waits() -> None:
    """It is asked for once; the run that asked may have been given up since, while a later one waits on."""
    wait = "use_case_approval.wait"
    asked = request(Gate.USE_CASE).model_copy(update={"run_id": RUN})
    for state, awaited in (("deferred", True), ("success", False)):
        task_instance = TaskInstance({RUN: {wait: "failed"}, "manual__2": {wait: state}})
        assert is_awaited_in_airflow(task_instance)(asked) is awaited
        assert task_instance.asked == [{"dag_id": "model_lifecycle.loan-approval", "task_ids": [wait]}]


def test_whatever_one_use_case_raises_the_others_are_looked_at() -> None:
    seen = []

    def look(name: str) -> None:
        seen.append(name)
        if name == "a":
            raise KeyError("gate")  # an entry of its ledger holds something else

    with pytest.raises(KeyError):
        each_by_itself(("a", "b"), look)
    assert seen == ["a", "b"]


def test_a_request_outside_a_run_is_awaited() -> None:
    assert is_awaited_in_airflow(TaskInstance({}))(request())


def test_an_installation_without_its_bucket_yet_has_nothing_to_look_at() -> None:
    with pytest.raises(AirflowSkipException, match="nothing is on record yet: no such bucket"):
        with a_missing_bucket_skips_the_task():
            raise RecordMissing("no such bucket")
