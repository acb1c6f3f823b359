"""Which failures end a task at once: a refusal does, an outage is tried again; one rule for all tasks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from model_governance.errors import GovernanceError, ServiceUnavailable


@contextmanager
def refusals_end_the_task() -> Iterator[None]:
    """What is called within: a refusal fails the task without a retry; an outage leaves as it is, to be retried.

    Raises:
        AirflowFailException: For a refusal, with its words.
    """
    try:
        yield
    except ServiceUnavailable:
        raise
    except GovernanceError as refusal:
        raise AirflowFailException(f"{type(refusal).__name__}: {refusal}") from refusal
