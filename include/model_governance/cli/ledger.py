"""``model-governance ledger``: the record of a use case, shown; verified and exported beside."""

from __future__ import annotations

from typing import Annotated

import typer

from model_governance.cli import ledger_export, ledger_verify
from model_governance.cli.entries import head_line, is_about_version, paragraphs
from model_governance.cli.ledger_verify import refuse_no_name
from model_governance.cli.terminal import installation, say, say_indented
from model_governance.cli.use_cases import refuse_unknown
from model_governance.decisions.publish import witnessed_heads
from model_governance.domain.head import refuse_cut_off
from model_governance.domain.ledger import Entry, EntryKind

app = typer.Typer(help="Show and verify a use case's ledger.", no_args_is_help=True, rich_markup_mode=None)
app.command("verify")(ledger_verify.verify)
app.command("export")(ledger_export.export)

UseCaseName = Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")]


@app.command()
def show(
    use_case: UseCaseName,
    kind: Annotated[list[EntryKind] | None, typer.Option(help="Only entries of this kind; may be repeated.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Only entries about this version.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The entries as they are stored, one a line.")] = False,
) -> None:
    """Show the entries, oldest first; all of them are verified while they are read, and held against the witness."""
    known = installation()
    refuse_no_name(known, use_case)
    heads = witnessed_heads(known, use_case)  # before the ledger: what is published meanwhile is of later entries
    entries = known.ledger(use_case).entries()
    refuse_cut_off(use_case, entries, heads)
    refuse_unknown(known, use_case, entries)
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
        of_all = f" of {len(entries)}" if len(shown) < len(entries) else ""
        say(f"{len(shown)}{of_all} entries")


def _show(entry: Entry) -> None:
    say(head_line(entry), style="bold")
    for paragraph in paragraphs(entry):
        say_indented(paragraph)
