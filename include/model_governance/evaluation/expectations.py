"""The door to Great Expectations, plain values in and out; apart so that nothing else knows its types.

Importing the library takes seconds and is done inside the functions. Its usage collection is switched off first.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from model_governance.domain.data import Expectation
from model_governance.errors import DataRefused

SAMPLES = 5
"""How many unexpected values and rows a result shows, at most."""


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation.

    Attributes:
        success: Whether it holds; False when it could not be evaluated.
        result: Great Expectations' own result, such as ``observed_value`` or ``unexpected_count``; empty without one.
        reason: Why it could not be evaluated; "" when it could.
    """

    success: bool
    result: dict[str, Any]
    reason: str


class Engine(StrEnum):
    """What evaluates: Great Expectations' pandas engine as it comes, or without the work that no result rests on."""

    STOCK = "pandas"
    LEAN = "lean_pandas"


def evaluate_expectations(
    frame: pd.DataFrame, declared: tuple[Expectation, ...], engine: Engine = Engine.LEAN
) -> list[Outcome]:
    """Evaluate the expectations in one pass over the frame.

    Args:
        frame: The data, shape (n_rows, n_columns), index 0 to n_rows - 1.
        declared: The expectations, by Great Expectations' own names and arguments.
        engine: Both give the same outcomes.

    Returns:
        The outcomes, in the order declared.

    Raises:
        DataRefused: For an expectation that does not exist, or arguments that it does not take; it is named.
    """
    return outcomes_of(validate(frame, declared, engine))


def validate(frame: pd.DataFrame, declared: tuple[Expectation, ...], engine: Engine = Engine.LEAN) -> Any:
    """Great Expectations' own validation result; see ``evaluate_expectations`` for arguments and errors."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # it tells a task's log of its own loading
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.analytics_enabled = False
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    suite = great_expectations.ExpectationSuite(
        name="declared", expectations=[_build(one, position) for position, one in enumerate(declared)]
    )
    asset = _data_source(context, suite, engine).add_dataframe_asset("data_set")
    batch = asset.add_batch_definition_whole_dataframe("all_rows").get_batch({"dataframe": frame})
    return batch.validate(suite, result_format={"result_format": "SUMMARY", "partial_unexpected_count": SAMPLES})


def outcomes_of(validated: Any) -> list[Outcome]:
    """The outcomes in a validation result, in the order in which the expectations were declared."""
    outcomes = {}
    for result in validated.results:
        plain: dict[str, Any] = result.to_json_dict()
        outcomes[plain["expectation_config"]["meta"]["position"]] = _outcome(plain)
    return [outcomes[position] for position in range(len(outcomes))]


def _data_source(context: Any, suite: Any, engine: Engine) -> Any:
    if engine is Engine.STOCK:
        return context.data_sources.add_pandas("frozen")
    from model_governance.evaluation.expectation_engine import look_up_less

    for map_metric in {getattr(one, "map_metric", None) for one in suite.expectations}:
        if map_metric:
            look_up_less(map_metric)
    return context.data_sources.add_lean_pandas("frozen")


def _build(declared: Expectation, position: int) -> Any:
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.expectation import Expectation as Expected
    from great_expectations.expectations.registry import get_expectation_impl

    named = f"expectation {position + 1}, {declared.type}"
    try:
        expected = get_expectation_impl(declared.type)
    except ExpectationNotFoundError:
        raise DataRefused(f"{named}: Great Expectations has no expectation of this name") from None
    own = sorted(set(declared.kwargs).intersection(Expected.__fields__))
    if own:
        raise DataRefused(
            f"{named}: {', '.join(own)} is no argument of an expectation; a severity stands beside kwargs"
        )
    try:
        return expected(**declared.kwargs, meta={"position": position})
    except (TypeError, ValueError) as fault:
        raise DataRefused(f"{named}: does not take these arguments: {_faults(fault)}") from None


def _faults(fault: Exception) -> str:
    errors = getattr(fault, "errors", None)
    if not callable(errors):
        return " ".join(str(fault).split())
    lines = [f"{'.'.join(str(part) for part in one['loc'] if part != '__root__')}: {one['msg']}" for one in errors()]
    return "; ".join(line.removeprefix(": ") for line in lines)


def _outcome(plain: dict[str, Any]) -> Outcome:
    exceptions = plain["exception_info"]
    raised = [exceptions] if "raised_exception" in exceptions else list(exceptions.values())
    reasons = [str(one["exception_message"]).removeprefix("Error: ") for one in raised if one["raised_exception"]]
    reason = "; ".join(" ".join(one.split()) for one in dict.fromkeys(reasons))
    return Outcome(success=bool(plain["success"]) and not reason, result=plain["result"], reason=reason)
