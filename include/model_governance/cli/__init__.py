"""The command ``model-governance``: what a person does from a terminal, under that person's own AWS principal.

``gates`` asks what is missing and decides, ``oversight`` grants exceptions and keeps findings, ``policy`` enters the
versions that count, ``ledger`` shows and verifies the record, ``use_cases`` lists and checks
what teams have declared, ``clean_up`` takes down what a use case made. ``demo`` drives the whole lifecycle of the
example, with ``live_view`` to watch it, ``approvers`` to decide at its gates and ``stack_people`` to act as each of the
embedded stack's people. ``terminal`` is how all of them speak: results on standard output, one line and exit status 1
for a refusal.
"""

from __future__ import annotations

import typer

from model_governance.cli import clean_up, demo, gates, ledger, oversight, policy, use_cases
from model_governance.cli.terminal import refusals_are_lines

app = typer.Typer(
    name="model-governance",
    help="Take machine-learning models to production under governance.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(ledger.app, name="ledger")
app.add_typer(policy.app, name="policy")
app.add_typer(oversight.app, name="finding")
app.command("approve")(gates.approve)
app.command("reject")(gates.reject)
app.command("except")(oversight.grant)
app.command("missing")(gates.missing)
app.command("status")(use_cases.status)
app.command("use-cases")(use_cases.list_use_cases)
app.command("clean-up")(clean_up.clean_up)
app.command("demo")(demo.demo)


def main() -> None:
    """The entry point: a refusal becomes one line on standard error and exit status 1."""
    with refusals_are_lines():
        app()
