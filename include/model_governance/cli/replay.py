"""``model-governance replay``: every past decision judged again; exit status 1 where one comes out otherwise.

A ledger that does not hold keeps none of the others from being replayed.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from model_governance.cli.ledger_verify import refuse_no_name
from model_governance.cli.terminal import installation, plain, refusal_line, say
from model_governance.cli.use_cases import refuse_unknown
from model_governance.decisions.publish import witnessed_ledgers
from model_governance.decisions.replay import Replay
from model_governance.decisions.replay import replay as replay_ledger
from model_governance.errors import LedgerBroken, RequestRefused
from model_governance.hooks.installation import Installation


def replay(
    use_case: Annotated[str, typer.Argument(help="Name of the use case; none with --all.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Every ledger in the bucket.")] = False,
) -> None:
    """Judge every past decision again, by the policy, the people and the evidence of its time."""
    if every == bool(use_case):
        raise RequestRefused("nothing was replayed: say one use case, or --all")
    known = installation()
    if not every:
        refuse_no_name(known, use_case)
    names = sorted({*known.ledgers(), *witnessed_ledgers(known)}) if every else [use_case]
    came_out = [_comes_out_as_it_did(known, name) for name in names]
    if not all(came_out):
        raise typer.Exit(1)


def _comes_out_as_it_did(known: Installation, use_case: str) -> bool:
    """Replays one ledger and says its result; False also where it does not hold."""
    try:
        found = replay_ledger(known, use_case)
    except LedgerBroken as fault:
        print(plain(refusal_line(fault)), file=sys.stderr)
        return False
    if not found.decisions + found.deployments:
        refuse_unknown(known, use_case, known.ledger(use_case).entries())
    _tell(found)
    return not found.differences


def _tell(found: Replay) -> None:
    say(
        f"{found.use_case}: {found.decisions} decisions and {found.deployments} deployments replayed, "
        f"{len(found.differences)} differences"
    )
    for difference in found.differences:
        say(f"  entry {difference.sequence}: {difference.what}")
