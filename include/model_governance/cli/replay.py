"""``model-governance replay``: every past decision judged again; exit status 1 where one comes out otherwise."""

from __future__ import annotations

from typing import Annotated

import typer

from model_governance.cli.terminal import installation, say
from model_governance.cli.use_cases import refuse_unknown
from model_governance.decisions.publish import witnessed_ledgers
from model_governance.decisions.replay import Replay
from model_governance.decisions.replay import replay as replay_ledger
from model_governance.errors import RequestRefused


def replay(
    use_case: Annotated[str, typer.Argument(help="Name of the use case; none with --all.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Every ledger in the bucket.")] = False,
) -> None:
    """Judge every past decision again, by the policy, the people and the evidence of its time."""
    if every == bool(use_case):
        raise RequestRefused("nothing was replayed: say one use case, or --all")
    known = installation()
    names = sorted({*known.ledgers(), *witnessed_ledgers(known)}) if every else [use_case]
    if not every:
        refuse_unknown(known, use_case, known.ledger(use_case).entries())
    found = [replay_ledger(known, name) for name in names]
    for each in found:
        _tell(each)
    if any(each.differences for each in found):
        raise typer.Exit(1)


def _tell(found: Replay) -> None:
    say(
        f"{found.use_case}: {found.decisions} decisions and {found.deployments} deployments replayed, "
        f"{len(found.differences)} differences"
    )
    for difference in found.differences:
        say(f"  entry {difference.sequence}: {difference.what}")
