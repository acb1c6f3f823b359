"""Waiting out an outage of the database, for threads that have nobody to report a failure to."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import tenacity
from sqlalchemy.exc import OperationalError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
LONGEST_OUTAGE = 900.0
"""Seconds."""


def patient(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Makes a function try again while the database is busy or away; it must change nothing before it fails."""
    return tenacity.retry(
        retry=tenacity.retry_if_exception_type(OperationalError),
        wait=tenacity.wait_exponential(0.1, max=10),
        stop=tenacity.stop_after_delay(LONGEST_OUTAGE),
        reraise=True,
    )(function)
