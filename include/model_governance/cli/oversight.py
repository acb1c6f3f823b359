"""``model-governance except``, ``finding`` and ``expired``: what people put beside evidence, what time took."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from model_governance.cli.gates import UseCaseName, caller
from model_governance.cli.terminal import installation, say, say_indented
from model_governance.cli.use_cases import refuse_unknown
from model_governance.decisions.expiry import expired_approvals, flag_expired
from model_governance.decisions.oversight import close_finding, grant_exception, open_finding
from model_governance.decisions.record import read_findings
from model_governance.domain.oversight import Severity

app = typer.Typer(help="Open, close and list findings.", no_args_is_help=True)

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
    say(
        f"recorded as entry {entry.sequence} of the ledger: exception for {item} of version {version}, granted by "
        f"{entry.body['granted_by']} as {entry.body['role']}, until {until:%Y-%m-%d}"
    )


def expired(
    flag: Annotated[bool, typer.Option("--flag", help="Tag the endpoints, and note it in the life cycles.")] = False,
) -> None:
    """Name what serves although its approval has run out, and whose it is; exit status 1 if anything does."""
    known = installation()
    found = flag_expired(known) if flag else expired_approvals(known)
    for each in found:
        told = f"{each.owner} <{each.email}>" if each.email else each.owner
        say(f"{each.sentence} (owner: {told})")
    if found:
        raise typer.Exit(1)
    say("every version in production is approved")


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
    say(f"{entry.body['id']} is open (entry {entry.sequence} of the ledger)")


@app.command()
def close(
    use_case: UseCaseName,
    finding: Annotated[str, typer.Argument(help="The finding, such as finding-3.")],
    comment: Annotated[str, typer.Option(help="What was done.")],
) -> None:
    """Close a finding; by whom the policy names, and not by its owner."""
    known = installation()
    entry = close_finding(known, use_case, finding, actor=caller(known).id, comment=comment)
    say(f"{finding} is closed (entry {entry.sequence} of the ledger)")


@app.command("list")
def list_(use_case: UseCaseName) -> None:
    """List the findings of a use case."""
    known = installation()
    entries = known.ledger(use_case).entries()
    refuse_unknown(known, use_case, entries)
    today = datetime.now(UTC).date()
    findings = read_findings(entries)
    for finding, closure in findings:
        overdue = " OVERDUE" if closure is None and finding.due < today else ""
        about = f"version {finding.version}" if finding.version else "every version"
        say(f"{finding.id}  {'closed' if closure else 'open'}{overdue}  {finding.severity}  {about}", style="bold")
        say_indented(finding.title)
        say_indented(f"owner {finding.owner}, due {finding.due}")
        if closure:
            say_indented(f"closed by {closure.closed_by}: {closure.comment}")
    say(f"{len(findings)} findings")
