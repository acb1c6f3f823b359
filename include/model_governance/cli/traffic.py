"""``model-governance traffic``: the production endpoint asked as a consumer would ask it, as before and drifted."""

from __future__ import annotations

import time
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer
from rich.progress import track

from model_governance.cli.terminal import console, installation, say, say_indented
from model_governance.cli.traffic_sending import send_phases, with_changes
from model_governance.domain.traffic import Phase, Row, SentPhase, Traffic
from model_governance.errors import RequestRefused


class Phases(StrEnum):
    """Which phases to send."""

    AS_IT_WAS = "as-it-was"
    DRIFTED = "drifted"
    BOTH = "both"


def traffic(
    use_case: Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")],
    rows: Annotated[int | None, typer.Option(min=1, max=100_000, help="Requests a phase, a row each.")] = None,
    phase: Annotated[Phases, typer.Option(help="What the traffic is like; both: one after the other.")] = Phases.BOTH,
    seed: Annotated[int | None, typer.Option(min=0, max=2**32 - 1, help="Of the draw of rows.")] = None,
    ground_truth: Annotated[bool, typer.Option(help="Whether what came true is written too.")] = True,
) -> None:
    """Send held-out rows to the production endpoint: as they were, then drifted as the use case's traffic says.

    Phases begin in different minutes, so that a monitoring window of whole minutes holds one of them.
    """
    known = installation()
    declared = known.use_case(use_case)
    changed = with_changes(declared.traffic, rows, seed)
    for sent in send_phases(
        known,
        declared,
        changed,
        chosen(phase, changed, use_case),
        _shown,
        with_ground_truth=ground_truth,
        paused=_pause,
    ):
        tell(use_case, sent)


def chosen(phases: Phases, declared: Traffic, use_case: str) -> tuple[Phase, ...]:
    """The phases to send; without a declared shift there is no drifted one.

    Raises:
        RequestRefused: It alone was asked for.
    """
    if phases is Phases.AS_IT_WAS:
        return (Phase.AS_IT_WAS,)
    if not declared.shift:
        if phases is Phases.DRIFTED:
            raise RequestRefused(f"{use_case} declares no shift: name columns under traffic.shift in its use_case.yaml")
        say(f"{use_case} declares no shift under traffic in its use_case.yaml: its traffic is sent as it was, alone")
        return (Phase.AS_IT_WAS,)
    return (Phase.DRIFTED,) if phases is Phases.DRIFTED else (Phase.AS_IT_WAS, Phase.DRIFTED)


def tell(use_case: str, sent: SentPhase) -> None:
    """Says what was sent, and in which window monitoring finds it."""
    say(
        f"{sent.phase}: {sent.rows} rows sent to production endpoint {use_case}: {sent.answered} answered, "
        f"{sent.refused} refused"
    )
    if sent.reason:
        say_indented(f"the first refusal: {sent.reason}")
    say_indented(f"window {sent.start:%Y-%m-%dT%H:%M:%SZ} to {sent.end:%Y-%m-%dT%H:%M:%SZ}")
    for address in sent.ground_truth:
        say_indented(f"what came true: {address}")


def _shown(rows: tuple[Row, ...], phase: Phase) -> Iterable[Row]:
    """The rows, with a bar that moves where there is a terminal."""
    return track(rows, f"{phase}", console=console, transient=True, disable=not console.is_terminal)


def _pause(seconds: float) -> None:
    say(f"the next phase begins with the next minute, in {seconds:.0f} s")
    time.sleep(seconds)
