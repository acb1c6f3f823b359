"""``model-governance status``: where a use case, each of its versions and its endpoints stand."""

from __future__ import annotations

from typing import Annotated

import typer

from model_governance.cli.terminal import installation, say, say_indented
from model_governance.cli.use_cases import refuse_unknown
from model_governance.decisions.adjudicate import gate_verdict
from model_governance.domain.decision import Gate
from model_governance.domain.deployment import Environment
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_cards import CardStatus
from model_governance.hooks.model_package import PRODUCTION_STAGE, ApprovalStatus, ModelPackage, StageStatus


def status(use_case: Annotated[str, typer.Argument(help="Name of the use case.")]) -> None:
    """Show where the use case, its endpoints and each version stand, newest first, and who is waited for."""
    known = installation()
    card = known.cards.find(use_case)
    versions = known.registry.versions(use_case) if known.registry.group_exists(use_case) else ()
    if card is None and not versions:
        refuse_unknown(known, use_case, known.ledger(use_case).entries())
    say(f"{use_case}: " + (f"card {card.status}, version {card.version}" if card else "no card yet"), style="bold")
    if card and card.status == CardStatus.PENDING:
        _say_who_is_waited_for(known, Gate.USE_CASE, use_case, card.arn)
    for environment, name in ((Environment.PRODUCTION, use_case), (Environment.TEST, f"{use_case}-test")):
        stage, endpoint = environment.lower(), known.endpoints_in(environment).find(name)
        said = f"{endpoint.status}, serves {endpoint.config}" if endpoint else "not deployed"
        say_indented(f"{stage} endpoint {name}: {said}")
        if endpoint and endpoint.failure_reason:
            say_indented(endpoint.failure_reason, indent="      ")
    for package in sorted(versions, key=lambda each: each.version, reverse=True):
        _show(known, use_case, package)
    if not versions:
        say_indented("no version yet")


def _show(known: Installation, use_case: str, package: ModelPackage) -> None:
    life_cycle = f"{package.stage} {package.stage_status}".strip()
    approval = package.approval_status or "no approval status"
    stands = ", ".join(each for each in (package.registration_type, approval, life_cycle) if each)
    say(f"version {package.version}: {stands}", style="bold")
    say_indented(f"run {package.metadata.get('run_id', 'unknown')}")
    for what, said in (("approval", package.approval_description), ("life cycle", package.stage_description)):
        if said:
            say_indented(f"{what}: {said}")
    if (package.stage, package.stage_status) == (PRODUCTION_STAGE, StageStatus.PENDING):
        _say_who_is_waited_for(known, Gate.PRODUCTION, use_case, package.arn)
    elif package.approval_status == ApprovalStatus.PENDING and package.stage_status != StageStatus.FAILED:
        _say_who_is_waited_for(known, Gate.GOVERNANCE, use_case, package.arn)


def _say_who_is_waited_for(known: Installation, gate: Gate, use_case: str, arn: str) -> None:
    verdict = gate_verdict(known, gate, use_case, arn)
    say_indented(f"{gate} gate {verdict.state}: {'; '.join(verdict.reasons) or 'nothing is missing'}")
