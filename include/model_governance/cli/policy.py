"""``model-governance policy``: the versions of policy and people, entered in the ledger by their owner, and shown."""

from __future__ import annotations

from typing import Annotated

import typer

from model_governance.cli.terminal import installation, say
from model_governance.decisions.in_force import PolicyFile, enter_versions, entered_version
from model_governance.domain.people import principal_name
from model_governance.domain.use_case import POLICIES_LEDGER
from model_governance.hooks.aws import calling
from model_governance.hooks.installation import Installation

app = typer.Typer(help="Enter and show versions of the policy and people files.", no_args_is_help=True)


@app.command()
def enter(
    first: Annotated[
        bool, typer.Option("--first", help="Only files of which no version was ever entered, as a first start does.")
    ] = False,
) -> None:
    """Enter policy.yaml and people.yaml as they are now; from then on gates go by them. The owner alone may."""
    known = installation()
    for entry in enter_versions(known, _principal(known), only_first=first):
        body = entry.body
        say(
            f"{body['file']}.yaml: in force is {body['digest']}, entered by {body['principal']} at "
            f"{entry.time:%Y-%m-%d %H:%M:%S} UTC (entry {entry.sequence} of the ledger {POLICIES_LEDGER})"
        )


@app.command()
def show() -> None:
    """Show which version of each file is in force; exit status 1 if a file is not the one in force."""
    known = installation()
    entries = known.ledger(POLICIES_LEDGER).entries()
    digests = {PolicyFile.POLICY: known.policy.digest, PolicyFile.PEOPLE: known.people.digest}
    faults = 0
    for file, digest in digests.items():
        entry = entered_version(entries, file, known.settings.policy_owners)
        is_in_force = entry is not None and entry.body["digest"] == digest
        faults += not is_in_force
        said = f"entered by {entry.body['principal']} at {entry.time:%Y-%m-%d %H:%M} UTC" if entry else "never entered"
        held = "in force" if is_in_force else f"NOT in force ({str(entry.body['digest'])[:12] if entry else 'none'} is)"
        say(f"{file.value}.yaml {digest[:12]}: {held}; {said}")
    if faults:
        raise typer.Exit(1)


def _principal(known: Installation) -> str:
    """Name of the caller's IAM user or role; his whole ARN where he is neither, which owns nothing."""
    with calling("sts", "GetCallerIdentity"):
        arn = str(known.clients.client("sts").get_caller_identity()["Arn"])
    return principal_name(arn) or arn
