"""``model-governance use-cases``: what teams have declared, and what is wrong with a folder that does not validate."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from model_governance.cli.terminal import installation, say, say_indented
from model_governance.domain.ledger import Entry
from model_governance.domain.risk import assess_risk
from model_governance.errors import RecordMissing
from model_governance.hooks.installation import Installation


def list_use_cases() -> None:
    """List the use cases with their risk tier; name every fault of a folder that does not validate (exit status 1)."""
    known = installation()
    declared = known.use_cases
    for name, use_case in declared.valid.items():
        risk = assess_risk(use_case.risk, known.policy.risk)
        say(name, style="bold")
        say_indented(use_case.title)
        say_indented(f"risk {risk.tier}; owner {use_case.owner}; runs {use_case.schedule or 'by hand'}")
    if not declared.valid:
        say(f"no use case in {known.settings.use_cases}")
    for fault in declared.faults.values():
        print(fault, file=sys.stderr)
    if declared.faults:
        raise typer.Exit(1)


def refuse_unknown(known: Installation, use_case: str, entries: Sequence[Entry]) -> None:
    """Raises for a name that is neither declared nor on record: an empty answer would pass for a good one.

    Raises:
        RecordMissing: There is no folder that validates and no ledger of that name.
    """
    if not entries and use_case not in known.use_cases.valid:
        raise RecordMissing(
            f"there is no use case {use_case!r}, nor a ledger of it: model-governance use-cases lists them"
        )
