"""Which failures end a task at once."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from model_governance.errors import DataRefused, GateClosed, LedgerBroken, ServiceUnavailable
from model_governance.operators.job import refuse_failed_job
from model_governance.operators.refusals import refusals_end_the_task


@pytest.mark.parametrize("refusal", [DataRefused, GateClosed, LedgerBroken])
def test_a_refusal_fails_the_task_without_a_retry_in_its_own_words(refusal: type[Exception]) -> None:
    with pytest.raises(AirflowFailException, match=f"{refusal.__name__}: the reason"), refusals_end_the_task():
        raise refusal("the reason")


@pytest.mark.parametrize("fault", [ServiceUnavailable, OSError])
def test_an_outage_and_whatever_nobody_foresaw_are_retried(fault: type[Exception]) -> None:
    with pytest.raises(fault), refusals_end_the_task():
        raise fault("away")


@pytest.mark.parametrize(
    ("event", "raised"),
    [
        ({"status": "failed", "job_name": "j", "message": "AlgorithmError: no column"}, AirflowFailException),
        ({"status": "stopped", "job_name": "j", "message": "stopped"}, AirflowFailException),
        ({"status": "failed", "job_name": "j", "message": "InternalServerError: sorry"}, AirflowException),
        ({"status": "timeout", "job_name": "j", "message": "too long"}, AirflowException),
        (None, AirflowException),
    ],
)
def test_a_failed_job_is_a_refusal_unless_the_fault_was_sagemakers(
    event: dict[str, str] | None, raised: type[Exception]
) -> None:
    with pytest.raises(raised) as failure:
        refuse_failed_job("training job", event)
    assert type(failure.value) is raised
    assert event is None or event["message"] in str(failure.value)


def test_a_job_that_succeeded_ends_the_task() -> None:
    refuse_failed_job("training job", {"status": "success", "job_name": "j"})
