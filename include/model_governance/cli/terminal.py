"""How commands speak: results on standard output, refusals as one plain line on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from model_governance.errors import GovernanceError
from model_governance.hooks.aws import EnvironmentClients
from model_governance.hooks.installation import Installation

COMMAND_LINE = "model-governance-cli"
"""Application id in the user agent: how an approval record tells this command line from a console or boto3."""

console = Console()


def installation() -> Installation:
    """The installation of the environment, under the caller's own AWS principal."""
    return Installation.load(EnvironmentClients(application=COMMAND_LINE))


@contextmanager
def refusals_are_lines() -> Iterator[None]:
    """Turns a refusal into its message on standard error and exit status 1; a Ctrl-C into exit status 130."""
    try:
        yield
    except GovernanceError as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
