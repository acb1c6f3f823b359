"""``model-governance use-cases``: what teams have declared, and what is wrong with a folder that does not validate."""

from __future__ import annotations

import sys

import typer

from model_governance.cli.terminal import installation, say, say_indented
from model_governance.domain.risk import assess_risk


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
