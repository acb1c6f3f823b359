"""``model-governance use-cases`` and ``status``: what teams declared, and where each version stands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.table import Table

from model_governance.cli.terminal import console, installation
from model_governance.domain.risk import assess_risk


def list_use_cases() -> None:
    """List the use cases with their risk tier; name every fault of a folder that does not validate (exit status 1)."""
    known = installation()
    declared = known.use_cases
    table = Table(title="Use cases", title_justify="left")
    for column in ("name", "title", "owner", "risk", "schedule"):
        table.add_column(column, overflow="fold")
    for name, use_case in declared.valid.items():
        risk = assess_risk(use_case.risk, known.policy.risk)
        table.add_row(name, use_case.title, use_case.owner, risk.tier, use_case.schedule or "by hand")
    console.print(table)
    for fault in declared.faults.values():
        print(fault, file=sys.stderr)
    if declared.faults:
        raise typer.Exit(1)


def status(use_case: Annotated[str, typer.Argument(help="Name of the use case.")]) -> None:
    """Show the use case's card, every version and the endpoints."""
    known = installation()
    card = known.cards.find(use_case)
    said = f"card {card.status}, version {card.version}" if card else "no card yet"
    console.print(f"{use_case}: {said}", highlight=False)
    table = Table()
    for column in ("version", "registration", "approval", "life cycle", "why"):
        table.add_column(column, overflow="fold")
    versions = known.registry.versions(use_case) if known.registry.group_exists(use_case) else ()
    for package in versions:
        table.add_row(
            str(package.version),
            package.registration_type,
            package.approval_status,
            f"{package.stage} {package.stage_status}",
            package.stage_description or package.approval_description,
        )
    console.print(table)
    for name in (use_case, f"{use_case}-test"):
        endpoint = known.endpoints.find(name)
        said = f"{endpoint.status}, serves {endpoint.config}" if endpoint else "not deployed"
        console.print(f"endpoint {name}: {said}", highlight=False)
