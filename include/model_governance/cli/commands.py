"""The commands of ``model-governance``, put together; apart, so that the entry point can import them when it will."""

from __future__ import annotations

import typer

from model_governance.cli import (
    card,
    clean_up,
    demo,
    gates,
    ledger,
    monitoring,
    oversight,
    policy,
    production,
    replay,
    report,
    served,
    status,
    suggestions,
    traffic,
    use_cases,
)
from model_governance.cli.terminal import refusals_are_lines

app = typer.Typer(
    name="model-governance",
    help="Take machine-learning models to production under governance.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.add_typer(ledger.app, name="ledger")
app.add_typer(policy.app, name="policy")
app.add_typer(oversight.app, name="finding")
app.command("approve")(gates.approve)
app.command("reject")(gates.reject)
app.command("except")(oversight.grant)
app.command("expired")(oversight.expired)
app.command("missing")(gates.missing)
app.command("status")(status.status)
app.command("card")(card.card)
app.command("report")(report.report)
app.command("replay")(replay.replay)
app.command("served")(served.served)
app.command("stop")(production.stop)
app.command("resume")(production.resume)
app.command("roll-back")(production.roll_back)
app.command("retire")(production.retire)
app.command("monitoring")(monitoring.monitoring)
app.command("use-cases")(use_cases.list_use_cases)
app.command("suggest-expectations")(suggestions.suggest_expectations)
app.command("clean-up")(clean_up.clean_up)
app.command("demo")(demo.demo)
app.command("traffic")(traffic.traffic)


def run() -> None:
    """Runs the command that the arguments name; a refusal becomes one line on standard error and exit status 1."""
    with refusals_are_lines():
        app(prog_name="model-governance")
