"""``model-governance except`` and ``finding``: what people whom the policy names put beside a version's evidence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from model_governance.cli.gates import caller
from model_governance.cli.terminal import console, installation
from model_governance.decisions.oversight import close_finding, grant_exception, open_finding
from model_governance.decisions.record import read_findings
from model_governance.domain.oversight import Severity

app = typer.Typer(help="Open, close and list findings.", no_args_is_help=True)

UseCaseName = Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day, UTC, such as 2027-03-31.")]
Owner = Annotated[str, typer.Option(help="Id of who answers for it, from people.yaml.")]


def grant(
    use_case: UseCaseName,
    item: Annotated[
        str,
        typer.Argument(help="Evidence or a limit: post_training_bias, or post_training_bias.disparate_impact."),
    ],
    version: Annotated[int, typer.Option(min=1, help="Version of the model.")],
    reason: Annotated[str, typer.Option(help="Why the evidence cannot be had or the limit not be met.")],
    control: Annotated[str, typer.Option(help="What keeps the risk down instead.")],
    owner: Owner,
    until: Day,
) -> None:
    """Let an exception stand in for evidence or a limit of one version, for a time; by whom the policy names."""
    known = installation()
    entry = grant_exception(
        known,
        use_case,
        version,
        item,
        actor=caller(known).id,
        reason=reason,
        compensating_control=control,
        owner=owner,
        until=until.date(),
    )
    console.print(
        f"recorded as entry {entry.sequence} of the ledger: exception for {item} of version {version}, granted by "
        f"{entry.body['granted_by']} as {entry.body['role']}, until {until:%Y-%m-%d}",
        highlight=False,
        soft_wrap=True,
    )


@app.command("open")
def open_(
    use_case: UseCaseName,
    title: Annotated[str, typer.Argument(help="What was found.")],
    severity: Annotated[Severity, typer.Option(help="How grave it is.")],
    owner: Owner,
    due: Day,
    version: Annotated[int | None, typer.Option(min=1, help="The version; every one of them by default.")] = None,
) -> None:
    """Open a finding; a grave one holds the gates of what it is about until it is closed."""
    known = installation()
    entry = open_finding(
        known,
        use_case,
        actor=caller(known).id,
        title=title,
        severity=severity,
        owner=owner,
        due=due.date(),
        version=version,
    )
    console.print(f"{entry.body['id']} is open (entry {entry.sequence} of the ledger)", highlight=False)


@app.command()
def close(
    use_case: UseCaseName,
    finding: Annotated[str, typer.Argument(help="The finding, such as finding-3.")],
    comment: Annotated[str, typer.Option(help="What was done.")],
) -> None:
    """Close a finding; by whom the policy names, and not by its owner."""
    known = installation()
    entry = close_finding(known, use_case, finding, actor=caller(known).id, comment=comment)
    console.print(f"{finding} is closed (entry {entry.sequence} of the ledger)", highlight=False)


@app.command("list")
def list_(use_case: UseCaseName) -> None:
    """List the findings of a use case."""
    table = Table(title=f"Findings of {use_case}", title_justify="left")
    for column in ("finding", "severity", "about", "what", "owner", "due", "state"):
        table.add_column(column, overflow="fold")
    today = datetime.now(UTC).date()
    for finding, closure in read_findings(installation().ledger(use_case).entries()):
        state = f"closed by {closure.closed_by}: {closure.comment}" if closure else "open"
        overdue = ", overdue" if closure is None and finding.due < today else ""
        about = f"version {finding.version}" if finding.version else "every version"
        table.add_row(
            finding.id, finding.severity, about, finding.title, finding.owner, f"{finding.due}", state + overdue
        )
    console.print(table)
