"""``model-governance ledger verify``: walks a chain and holds it against what was published of it elsewhere."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from model_governance.cli.terminal import installation, say
from model_governance.cli.use_cases import refuse_unknown
from model_governance.decisions.publish import published_heads, witnessed_heads
from model_governance.domain.head import refuse_cut_off
from model_governance.hooks.installation import Installation

_NAME = re.compile(r"[a-z0-9](-?[a-z0-9]){0,39}")


def refuse_no_name(known: Installation, use_case: str) -> None:
    """Raises for what can be no use case's name, before any service is asked for it.

    Raises:
        RecordMissing: It cannot.
    """
    if not _NAME.fullmatch(use_case):
        refuse_unknown(known, use_case, ())


def verify(
    use_case: Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")],
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask the bucket and the witness file, not the registry.")
    ] = False,
) -> None:
    """Walk the chain and name the first entry that does not hold; exit status 1 if there is one.

    Changed, removed, inserted and reordered entries show in the chain itself. An end that was cut off shows by the
    heads published in the cards, the lineage actions and the witness file.
    """
    known = installation()
    refuse_no_name(known, use_case)
    # Before the ledger: what is published meanwhile is of later entries.
    sightings = witnessed_heads(known, use_case) if offline else published_heads(known, use_case)
    entries = known.ledger(use_case).verify()
    refuse_cut_off(use_case, entries, sightings)
    refuse_unknown(known, use_case, entries)
    head = f"{entries[-1].sequence} {entries[-1].digest}" if entries else "none"
    latest = max((sighting.head.sequence for sighting in sightings), default=0)
    told = (
        f"{len(sightings)} published heads agree, the last of entry {latest}" if sightings else "no head is published"
    )
    where = "" if known.witness else "; this installation has no witness file (MODEL_GOVERNANCE_WITNESS)"
    say(f"{use_case}: {len(entries)} entries hold; head {head}; {told}{where}")
