"""``model-governance ledger``: the record of a use case, shown and verified."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from model_governance.cli import ledger_export, ledger_verify
from model_governance.cli.terminal import console, installation
from model_governance.domain.ledger import Entry

app = typer.Typer(help="Show and verify a use case's ledger.", no_args_is_help=True)
app.command("verify")(ledger_verify.verify)
app.command("export")(ledger_export.export)

UseCaseName = Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")]


@app.command()
def show(
    use_case: UseCaseName,
    as_json: Annotated[bool, typer.Option("--json", help="The entries as they are stored, one a line.")] = False,
) -> None:
    """Show every entry, verified while it is read."""
    entries = installation().ledger(use_case).entries()
    if as_json:
        for entry in entries:
            print(entry.raw.decode())
        return
    table = Table(title=f"Ledger of {use_case}", title_justify="left")
    for column in ("#", "time (UTC)", "kind", "about", "what"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        table.add_row(
            str(entry.sequence), f"{entry.time:%Y-%m-%d %H:%M:%S}", entry.kind, _short(entry.subject), summary(entry)
        )
    console.print(table)


def summary(entry: Entry) -> str:
    """An entry's body in one line."""
    body = entry.body
    parts = [
        str(body[name]) for name in ("gate", "kind", "verdict", "actor", "role", "channel", "stage") if body.get(name)
    ]
    said = body.get("comment") or body.get("reason") or body.get("endpoint") or ""
    return " · ".join(parts) + (f": {said}" if said else "")


def _short(arn: str) -> str:
    return arn.rsplit(":", 1)[-1]
