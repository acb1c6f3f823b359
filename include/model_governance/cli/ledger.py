"""``model-governance ledger``: the record of a use case, shown and verified."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from model_governance.cli.entries import head_line, is_about_version, paragraphs
from model_governance.cli.terminal import installation, say, say_indented
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.errors import RecordMissing
from model_governance.hooks.installation import Installation

app = typer.Typer(help="Show and verify a use case's ledger.", no_args_is_help=True, rich_markup_mode=None)

UseCaseName = Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")]


@app.command()
def show(
    use_case: UseCaseName,
    kind: Annotated[list[EntryKind] | None, typer.Option(help="Only entries of this kind; may be repeated.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Only entries about this version.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The entries as they are stored, one a line.")] = False,
) -> None:
    """Show the entries, oldest first; all of them are verified while they are read."""
    known = installation()
    entries = known.ledger(use_case).entries()
    _refuse_unknown(known, use_case, entries)
    shown = [
        entry
        for entry in entries
        if (not kind or entry.kind in kind) and (version is None or is_about_version(entry, version))
    ]
    for entry in shown:
        if as_json:
            print(entry.raw.decode())
        else:
            _show(entry)
    if not as_json:
        say(f"{len(shown)} of {len(entries)} entries" if len(shown) < len(entries) else f"{len(entries)} entries")


@app.command()
def verify(use_case: UseCaseName) -> None:
    """Walk the chain and name the first entry that does not hold; exit status 1 if there is one."""
    known = installation()
    entries = known.ledger(use_case).verify()
    _refuse_unknown(known, use_case, entries)
    head = entries[-1].digest if entries else "none"
    say(f"{use_case}: {len(entries)} entries hold; head {head}")


def _refuse_unknown(known: Installation, use_case: str, entries: Sequence[Entry]) -> None:
    """Raises for a name that is neither declared nor on record: an empty answer would pass for a good one."""
    if not entries and use_case not in known.use_cases.valid:
        raise RecordMissing(
            f"there is no ledger of {use_case!r}, and no use case of that name: model-governance use-cases lists them"
        )


def _show(entry: Entry) -> None:
    say(head_line(entry), style="bold")
    for paragraph in paragraphs(entry):
        say_indented(paragraph)
