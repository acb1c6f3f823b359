"""``model-governance traffic``: the production endpoint asked as a consumer would ask it, as before and drifted."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.progress import track

from model_governance.cli.demo_run import Approve
from model_governance.cli.terminal import console, installation, say, say_indented
from model_governance.cli.traffic_monitoring import PhaseMonitoring
from model_governance.cli.traffic_sending import send_phases, with_changes
from model_governance.cli.traffic_walk import Retraining, publish_drifted
from model_governance.domain.traffic import Phase, Row, SentPhase, Traffic
from model_governance.domain.use_case import UseCase
from model_governance.errors import RequestRefused
from model_governance.hooks.installation import Installation

_WATCHER = "data-scientist"
"""Who starts monitoring and publishes data here; a consumer may do neither."""


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
    monitoring: Annotated[
        bool, typer.Option(help="Whether each phase is looked at by monitoring at once, and what follows is followed.")
    ] = True,
    approve: Annotated[
        Approve, typer.Option(help="auto: the example's own people decide on what is trained anew.")
    ] = Approve.ASK,
    minutes: Annotated[int, typer.Option(min=1, help="How long a retraining may take with automatic approvals.")] = 30,
) -> None:
    """Send held-out rows to the production endpoint: as they were, then drifted as the use case's traffic says.

    Phases begin in different minutes, so that a monitoring window of whole minutes holds one of them. Monitoring then
    looks at each; where it asks for a retraining, that is followed until the new version has replaced the old.
    """
    known = installation()
    declared = known.use_case(use_case)
    sending = _Sending(known, declared, with_changes(declared.traffic, rows, seed), ground_truth)
    phases = chosen(phase, sending.traffic, use_case)
    watching = None
    if monitoring and declared.monitoring is None:
        say(f"{use_case} declares no monitoring: its traffic is sent, and nothing looks at it")
    elif monitoring:
        watching = PhaseMonitoring.of(_WATCHER, use_case)
    for sent in sending.send(phases):
        if watching is not None:
            deadline = time.monotonic() + minutes * 60 if approve is Approve.AUTO else None
            _look(sending, watching, sent, approve, deadline)


@dataclass(frozen=True)
class _Sending:
    """What is sent, by whom, and to which use case's endpoint."""

    installation: Installation
    declared: UseCase
    traffic: Traffic
    with_ground_truth: bool

    def send(self, phases: Iterable[Phase]) -> Iterator[SentPhase]:
        """Sends phases, and tells each."""
        for sent in send_phases(
            self.installation,
            self.declared,
            self.traffic,
            phases,
            _shown,
            with_ground_truth=self.with_ground_truth,
            paused=_pause,
        ):
            tell(self.declared.name, sent)
            yield sent


def _look(
    sending: _Sending, watching: PhaseMonitoring, sent: SentPhase, approve: Approve, deadline: float | None
) -> None:
    """Has monitoring look at a phase; after a drifted one goes on to the replacement and to the traffic after it."""
    declared = sending.declared
    retrains = declared.monitoring is not None and declared.monitoring.retrain
    if sent.phase is Phase.DRIFTED and retrains:
        publish_drifted(watching, declared, sending.traffic)
    assessed = watching.assess(sent)
    if not assessed.retraining:
        if assessed.opened:
            say("no retraining was asked for: the log of monitoring's task retrain says why")
        return
    try:
        Retraining.of(watching, declared, assessed.retraining, approve, deadline).follow()
    except KeyboardInterrupt:
        say(f"no longer followed; the retraining goes on by itself: {watching.lifecycle_page(assessed.retraining)}")
        raise
    if sent.phase is not Phase.DRIFTED:
        return
    _pause(60 - datetime.now(UTC).second)
    say("the drifted applications go on coming: held-out rows of the new version, which it was not trained on")
    for after in sending.send((Phase.AS_IT_IS_NOW,)):
        watching.assess(after)


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
