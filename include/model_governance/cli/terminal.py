"""How commands speak: results on standard output, refusals as one plain line on standard error."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from model_governance.domain.canonical import is_text
from model_governance.errors import AccessRefused, GovernanceError, LedgerBroken, ServiceUnavailable
from model_governance.hooks.aws import EnvironmentClients, calling
from model_governance.hooks.installation import Installation

COMMAND_LINE = "model-governance-cli"
"""Application id in the user agent: how an approval record tells this command line from a console or boto3."""

console = Console(highlight=False, markup=False, emoji=False)


def installation() -> Installation:
    """The installation of the environment, under the caller's own AWS principal."""
    return Installation.load(EnvironmentClients(application=COMMAND_LINE))


def say(text: str, style: str | None = None) -> None:
    """Prints a line as it is, however long: what is to be copied is never broken."""
    console.print(plain(text), style=style, soft_wrap=True)


def plain(text: str) -> str:
    """The text with everything escaped that moves a terminal's cursor or hides words: people wrote some of it."""
    return "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text)


def say_indented(text: str, indent: str = "    ", hanging: str = "  ") -> None:
    """Prints a paragraph in the terminal's width; what has no space in it, such as an address, is never broken.

    Args:
        text: The paragraph; line breaks in it become spaces.
        indent: Before every line.
        hanging: Before every line but the first, besides.
    """
    folded = textwrap.fill(
        " ".join(text.split()),
        width=max(console.width, 40),
        initial_indent=indent,
        subsequent_indent=indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    say(folded)


def counted(number: int, what: str) -> str:
    """A number of things, such as ``1 version`` or ``2 versions``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


@contextmanager
def refusals_are_lines() -> Iterator[None]:
    """Turns a refusal into one line on standard error and exit status 1; a Ctrl-C into exit status 130."""
    try:
        with calling("AWS", "a call"):
            yield
    except GovernanceError as refusal:
        print(plain(refusal_line(refusal)), file=sys.stderr)
        sys.exit(1)
    except UnicodeEncodeError:
        if all(map(is_text, sys.argv)):
            raise
        print("refused: one of the arguments is no text in UTF-8: write it so", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


def refusal_line(refusal: GovernanceError) -> str:
    """A refusal in one line, with the next step where it, or the environment, gives it away."""
    said = f"{_PREFIXES.get(type(refusal), 'refused')}: {' '.join(str(refusal).split())}"
    if isinstance(refusal, ServiceUnavailable) and _is_embedded():
        return f"{said}. Is the embedded stack up? make up starts it."
    if isinstance(refusal, AccessRefused) and not {"AWS_ACCESS_KEY_ID", "AWS_PROFILE"} & os.environ.keys():
        return f'{said} As a person of the embedded stack: eval "$(python -m stack env <person>)"'
    if isinstance(refusal, LedgerBroken) and "MODEL_GOVERNANCE_" not in said:  # else a setting is named that mends it
        return f"{said.rstrip('.')}. {_OF_A_BROKEN_LEDGER}"
    return said


_OF_A_BROKEN_LEDGER = "Write nothing to it; compare it with the witness file, the lineage actions and a copy."
_PREFIXES: dict[type[GovernanceError], str] = {ServiceUnavailable: "unavailable"}


def _is_embedded() -> bool:
    return any(
        value.startswith(("http://127.", "http://localhost"))
        for name, value in os.environ.items()
        if name.startswith("AWS_ENDPOINT_URL")
    )
