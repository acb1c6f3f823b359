"""How a task that runs again finds the job that it has started before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from model_governance.errors import RecordMissing
from model_governance.hooks.jobs import Job, attempt_name, attempts, completed, is_an_outage


def jobs(**statuses: str) -> Callable[[str], Job | None]:
    known = {
        name.replace("_", "-"): Job(name.replace("_", "-"), "arn", status, "", f"s3://{name}")
        for name, status in statuses.items()
    }
    return known.get


def test_names_follow_from_the_first_one() -> None:
    assert [attempt_name("loans-0123", attempt) for attempt in (1, 2, 3)] == [
        "loans-0123",
        "loans-0123-2",
        "loans-0123-3",
    ]


def test_every_attempt_of_a_run_is_found_in_order() -> None:
    assert attempts(jobs(), "a") == ()
    assert [job.name for job in attempts(jobs(a="Failed", a_2="Stopped", a_3="InProgress"), "a")] == ["a", "a-2", "a-3"]


def test_the_completed_one_is_what_counts() -> None:
    assert completed(jobs(a="Failed", a_2="Completed"), "a").name == "a-2"


@pytest.mark.parametrize(
    ("statuses", "said"), [({}, "none was started"), ({"a": "Failed"}, "the last one, a, is Failed")]
)
def test_without_a_completed_job_the_last_one_is_named(statuses: dict[str, str], said: str) -> None:
    with pytest.raises(RecordMissing, match=said):
        completed(jobs(**statuses), "a")


def test_sagemakers_own_faults_are_outages() -> None:
    assert is_an_outage("InternalServerError: We encountered an internal error. Please try again.")
    assert is_an_outage("CapacityError: Unable to provision requested ML compute capacity.")
    assert not is_an_outage("AlgorithmError: ExecuteUserScriptError")
