"""The time series of a use case's monitoring: a row for each window's result, in the store, gathered by the month.

Each row is written once, by itself; now and then all rows of a month are written once more into one object (again under
a name of its own: nothing is ever overwritten), so that a year of hourly windows is read in a few calls. Rows that are
in no such object yet are read one by one.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from model_governance.domain.canonical import canonical_json, digest
from model_governance.domain.monitoring_record import window_prefix
from model_governance.domain.series import SERIES_FIELDS, SeriesPoint
from model_governance.errors import RecordConflict, RecordMissing
from model_governance.hooks.artifacts import Artifacts

GATHERED_FROM = 24
"""How many rows of a month may lie by themselves before they are gathered."""
_READERS = 16


@dataclass(frozen=True)
class SeriesRow:
    """The numbers of one result.

    Attributes:
        start: Of the window, UTC.
        end: Of the window.
        version: The version that served.
        revision: The latest of a window and version counts.
        verdict: Of the window.
        rows: Rows of traffic.
        points: The numbers.
    """

    start: datetime
    end: datetime
    version: int
    revision: int
    verdict: str
    rows: int
    points: tuple[SeriesPoint, ...]

    @property
    def name(self) -> str:
        """What its object is called; sorts by time."""
        return f"{self.start:%Y%m%dT%H%MZ}-v{self.version}-r{self.revision}"

    def written(self) -> dict[str, Any]:
        """As JSON can hold it, its points as lists: there are many of them."""
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "version": self.version,
            "revision": self.revision,
            "verdict": self.verdict,
            "rows": self.rows,
            "points": [[getattr(each, name) for name in SERIES_FIELDS] for each in self.points],
        }

    @classmethod
    def read(cls, said: dict[str, Any]) -> SeriesRow:
        """The row that ``written`` made this of."""
        return cls(
            start=datetime.fromisoformat(said["start"]),
            end=datetime.fromisoformat(said["end"]),
            version=said["version"],
            revision=said["revision"],
            verdict=said["verdict"],
            rows=said["rows"],
            points=tuple(SeriesPoint(*each) for each in said["points"]),
        )


@dataclass(frozen=True)
class TimeSeries:
    """The rows of one use case.

    Attributes:
        artifacts: The object store.
        use_case: Whose.
    """

    artifacts: Artifacts
    use_case: str

    def add(self, rows: Iterable[SeriesRow]) -> None:
        """Writes rows, each once, and gathers the months that have many lying by themselves; safe to repeat.

        Raises:
            ArtifactChanged: A row of that window, version and revision is there, and says something else.
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        months = set()
        for row in rows:
            self.artifacts.put_once(f"{self._prefix}rows/{_month(row)}/{row.name}.json", canonical_json(row.written()))
            months.add(_month(row))
        for month in sorted(months):
            self._gather(month)

    def read(self, since: datetime | None = None, until: datetime | None = None) -> tuple[SeriesRow, ...]:
        """The latest row of each window and version, by time.

        Args:
            since: Windows that start at or after it.
            until: Windows that start before it.

        Raises:
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        first = f"{since.astimezone(UTC):%Y-%m}" if since else ""
        last = f"{until.astimezone(UTC):%Y-%m}" if until else "9999"
        gathered = {month: keys for month, keys in self._gatherings().items() if first <= month <= last}
        known: dict[str, SeriesRow] = {}
        with ThreadPoolExecutor(max_workers=_READERS) as readers:
            for rows in readers.map(self._gathered, [keys[-1] for keys in gathered.values()]):
                known |= {row.name: row for row in rows}
            alone = [
                key
                for key in self.artifacts.list(f"{self._prefix}rows/", f"{self._prefix}rows/{first}" if first else "")
                if _month_in(key) <= last and _name_in(key) not in known
            ]
            known |= {row.name: row for row in readers.map(self._row, alone)}
        latest: dict[tuple[datetime, int], SeriesRow] = {}
        for row in known.values():
            before = latest.get((row.start, row.version))
            if before is None or before.revision < row.revision:
                latest[row.start, row.version] = row
        return tuple(
            row
            for _, row in sorted(latest.items())
            if (since is None or row.start >= since) and (until is None or row.start < until)
        )

    @property
    def _prefix(self) -> str:
        return f"{window_prefix(self.use_case)}series/"

    def _gather(self, month: str) -> None:
        """Writes all rows of a month into one object, if many lie by themselves; a gathering only ever grows."""
        keys = self._gatherings(month).get(month, [])
        known = {row.name: row for row in self._gathered(keys[-1])} if keys else {}
        alone = [key for key in self.artifacts.list(f"{self._prefix}rows/{month}/") if _name_in(key) not in known]
        if len(alone) < GATHERED_FROM:
            return
        with ThreadPoolExecutor(max_workers=_READERS) as readers:
            known |= {row.name: row for row in readers.map(self._row, alone)}
        lines = b"\n".join(canonical_json(known[name].written()) for name in sorted(known))
        packed = gzip.compress(lines, mtime=0)
        name = f"{len(known):08d}-{digest(sorted(known))[:12]}"
        try:
            self.artifacts.put_new(f"{self._prefix}months/{month}/{name}.jsonl.gz", packed, "application/gzip")
        except RecordConflict:
            return  # the same rows, gathered by another run

    def _gatherings(self, month: str = "") -> dict[str, list[str]]:
        """Keys of the gatherings of each month, the one with most rows last."""
        found: dict[str, list[str]] = {}
        for key in self.artifacts.list(f"{self._prefix}months/{month}"):
            found.setdefault(_month_in(key), []).append(key)
        return found

    def _gathered(self, key: str) -> tuple[SeriesRow, ...]:
        try:
            lines = gzip.decompress(self.artifacts.get(key)).splitlines()
        except RecordMissing:
            return ()
        return tuple(SeriesRow.read(json.loads(line)) for line in lines)

    def _row(self, key: str) -> SeriesRow:
        return SeriesRow.read(json.loads(self.artifacts.get(key)))


def _month(row: SeriesRow) -> str:
    return f"{row.start.astimezone(UTC):%Y-%m}"


def _month_in(key: str) -> str:
    return key.rsplit("/", 2)[-2]


def _name_in(key: str) -> str:
    return key.rsplit("/", 1)[-1].removesuffix(".json")
