"""Traffic on its way to the production endpoint, phase by phase; apart from how it is asked for and told."""

from __future__ import annotations

import csv
import io
import math
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from model_governance.decisions.publish import witnessed_entries
from model_governance.domain.candidate import split_prefix
from model_governance.domain.deployment import Environment
from model_governance.domain.due_windows import begins_a_window
from model_governance.domain.ledger import EntryKind
from model_governance.domain.served import served_at
from model_governance.domain.traffic import (
    Phase,
    Row,
    SentPhase,
    Traffic,
    drawn_rows,
    own_word,
    truth_key,
    truth_line,
)
from model_governance.domain.use_case import UseCase
from model_governance.errors import GovernanceError, RecordMissing, RequestRefused, ServiceUnavailable
from model_governance.hooks.installation import Installation

MOST_FAILURES_IN_A_ROW = 10
Watched = Callable[[tuple[Row, ...], Phase], Iterable[Row]]


@dataclass(frozen=True)
class HeldOut:
    """What the serving version has never seen.

    Attributes:
        version: The version that serves in production.
        names: The columns of the features, and of what came true.
        rows: The cells of both, a pair for each row.
    """

    version: str
    names: tuple[tuple[str, ...], tuple[str, ...]]
    rows: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


def read_held_out(installation: Installation, use_case: UseCase) -> HeldOut:
    """The held-out rows of the version that serves in production.

    Raises:
        RecordMissing: None serves, or its rows are not on record.
        LedgerBroken: The ledger does not hold.
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    entries = witnessed_entries(installation, use_case.name)
    served = served_at(entries, installation.now())
    if served is None:
        raise RecordMissing(f"{use_case.name}: nothing serves in production; make demo takes a version there")
    body = served.deployment.body
    candidates = [entry.body for entry in entries if entry.kind is EntryKind.CANDIDATE]
    found = next((each for each in reversed(candidates) if each["run_id"] == body.get("run_id")), None)
    if found is None:
        raise RecordMissing(f"{use_case.name}: the ledger has no candidate of run {body.get('run_id')}, which serves")
    prefix = split_prefix(use_case, str(found["data_sha256"]))
    features = _cells(installation.artifacts.get(f"{prefix}holdout.csv"))
    header, *labels = _cells(installation.artifacts.get(f"{prefix}holdout_labels.csv"))
    told = [name for name in header if name not in use_case.data.features or _is_facet(name, use_case)]
    truths = [_truth(dict(zip(header, cells, strict=True)), told, use_case) for cells in labels]
    names = (use_case.data.features, tuple(told))
    return HeldOut(str(body.get("version")), names, tuple(zip(features, truths, strict=True)))


def send_phases(
    installation: Installation,
    use_case: UseCase,
    traffic: Traffic,
    phases: Iterable[Phase],
    watched: Watched,
    *,
    with_ground_truth: bool = True,
    paused: Callable[[float], None] = time.sleep,
) -> Iterator[SentPhase]:
    """Sends phases one after the other, each in a window that begins with a minute; yields each once it is sent.

    A window begins when the one before it has ended, so that no answer is in two of them.

    Args:
        installation: Through which to act: as one who may ask the endpoint and say what came true.
        use_case: Whose production endpoint.
        traffic: What to send.
        phases: In their order.
        watched: Hands the rows on one by one, and shows how far it is.
        with_ground_truth: Whether what came true is written too.
        paused: Waits that many seconds.

    Raises:
        RecordMissing: Nothing serves.
        GovernanceError: The endpoint has failed several times in a row, or what came true could not be written.
    """
    held_out = read_held_out(installation, use_case)
    free_from = datetime.min.replace(tzinfo=UTC)
    for phase in phases:
        rows = drawn_rows(held_out.rows, held_out.names, traffic, phase)
        while (start := _minute(installation)) < free_from:
            paused(60 - _utc(installation).second)
        if use_case.monitoring is not None and begins_a_window(use_case.monitoring, start):
            paused(60 - _utc(installation).second)  # where a window of its own could not begin
            start = _minute(installation)
        sent = _Sending(installation, use_case, phase, start).send(watched(rows, phase), with_ground_truth)
        free_from = sent.end
        yield sent


class _Sending:
    """One phase while it is sent."""

    def __init__(self, installation: Installation, use_case: UseCase, phase: Phase, start: datetime) -> None:
        self._installation, self._use_case, self._phase, self._start = installation, use_case, phase, start
        self._endpoints = installation.endpoints_in(Environment.PRODUCTION)
        self._truths: dict[datetime, list[bytes]] = defaultdict(list)
        self._answered = self._refused = self._in_a_row = 0
        self._reason = ""

    def send(self, rows: Iterable[Row], with_ground_truth: bool) -> SentPhase:
        """Sends every row; what came true is written at the end, for those that were answered."""
        for row in rows:
            self._ask(row)
        end = _utc(self._installation)
        truths = self._tell() if with_ground_truth else ()
        end = datetime.fromtimestamp(math.floor(end.timestamp()) + 1, UTC)
        return SentPhase(self._phase, self._answered, self._refused, self._start, end, truths, self._reason)

    def _ask(self, row: Row) -> None:
        name, asked_at = str(uuid.uuid4()), _utc(self._installation)
        try:
            self._endpoints.invoke(self._use_case.name, row.features + "\n", inference_id=name)
        except (RequestRefused, ServiceUnavailable) as refusal:
            self._count_refusal(refusal)
            return
        self._in_a_row = 0
        self._answered += 1
        self._truths[asked_at.replace(minute=0, second=0, microsecond=0)].append(truth_line(name, row.truth))

    def _count_refusal(self, refusal: GovernanceError) -> None:
        self._refused += 1
        self._in_a_row += 1
        self._reason = self._reason or str(refusal)
        if self._in_a_row >= MOST_FAILURES_IN_A_ROW:
            raise refusal

    def _tell(self) -> tuple[str, ...]:
        """Writes what came true under the hours in which it was asked; the objects' addresses."""
        written = []
        for hour, lines in self._truths.items():
            key = truth_key(self._use_case.name, hour, f"{self._phase}-{uuid.uuid4()}")
            self._installation.artifacts.put_new(key, b"".join(lines), "application/x-ndjson")
            written.append(self._installation.artifacts.uri(key))
        return tuple(written)


def with_changes(traffic: Traffic, rows: int | None, seed: int | None) -> Traffic:
    """The declared traffic with other rows or another seed, where they are given."""
    return traffic.model_copy(update={k: v for k, v in (("rows", rows), ("seed", seed)) if v is not None})


def _is_facet(name: str, use_case: UseCase) -> bool:
    return any(facet.name_or_index == name for facet in use_case.data.facets)


def _truth(cells: dict[str, str], told: list[str], use_case: UseCase) -> tuple[str, ...]:
    label = use_case.data.label
    return tuple(own_word(cells[name], label) if name == label.column else cells[name] for name in told)


def _cells(content: bytes) -> list[tuple[str, ...]]:
    return [tuple(row) for row in csv.reader(io.StringIO(content.decode(), newline="")) if row]


def _minute(installation: Installation) -> datetime:
    return _utc(installation).replace(second=0, microsecond=0)


def _utc(installation: Installation) -> datetime:
    return installation.now().astimezone(UTC)
