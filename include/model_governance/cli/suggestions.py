"""``model-governance suggest-expectations``: a first draft of what a data set is held to, to be read and pasted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from model_governance.cli.terminal import counted, installation
from model_governance.domain.data import Expectation
from model_governance.errors import EvaluationRefused, RecordMissing, RequestRefused
from model_governance.hooks.sources import read_source


def suggest_expectations(
    data: Annotated[str, typer.Argument(help="A CSV file with a header, or a use case, whose source is read.")],
    separator: Annotated[str, typer.Option(help="Of a CSV file's fields.")] = ",",
) -> None:
    """Suggest expectations for a data set, as YAML to read, change and paste under data: expectations:."""
    from model_governance.evaluation.data_set import read_table
    from model_governance.evaluation.expectations import evaluate_expectations
    from model_governance.evaluation.suggested_expectations import expectations_yaml
    from model_governance.evaluation.suggested_expectations import suggest_expectations as suggest

    content, separator = _read(data, separator)
    frame = read_table(content, separator)
    suggested = suggest(frame)
    _check(suggested, [outcome.success for outcome in evaluate_expectations(frame, suggested)])
    rows = counted(len(frame), "row")
    print(
        f"# Suggested from the {rows} of {data}, which meets it. It says what the data is like, not what it should be:"
    )
    print("# read each line, widen or narrow it, and give severity: warning to what shall not stop a run.")
    print(expectations_yaml(suggested), end="")
    print(f"{counted(len(suggested), 'expectation')}, all met by the data they come from", file=sys.stderr)


def _read(data: str, separator: str) -> tuple[bytes, str]:
    try:
        path = Path(data)
        if path.is_file():
            return path.read_bytes(), separator
    except OSError as fault:
        raise RequestRefused(f"{data[:80]!r} cannot be read: {fault.strerror}") from None
    known = installation()
    use_case = known.use_cases.valid.get(data)
    if use_case is None:
        raise RecordMissing(f"{data!r} is neither a file nor a use case; model-governance use-cases lists those")
    return read_source(known.artifacts, use_case.data.source), use_case.data.separator


def _check(suggested: tuple[Expectation, ...], held: list[bool]) -> None:
    missed = [one.type for one, holds in zip(suggested, held, strict=True) if not holds]
    if missed:
        raise EvaluationRefused(f"the data does not meet what was suggested from it: {', '.join(missed)}")
