"""Captured traffic and ground truth in the store: what lies there for a stretch of time, and its bytes as they were.

Apart from ``evaluation.capture``, which reads their lines: here is which objects may hold a window's, and whether they
are still the ones that were listed. Sources of the layout: Amazon SageMaker AI Developer Guide, "Capture data" and
"Ingest ground truth labels and merge them with predictions".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from model_governance.domain.canonical import digest
from model_governance.errors import ArtifactChanged, RecordMissing
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.aws import calling

CANARY = "Canary"
"""The variant that a new version serves a share of the traffic by, before it is the one that serves."""
_LATE = timedelta(hours=1)
"""An object bears the hour it was begun in; the requests in it may be of the hour beside."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, order=True)
class Listed:
    """An object as it was listed.

    Attributes:
        key: In the installation's bucket.
        etag: Changes whenever the bytes do.
        size: Bytes.
        written: When it was written, UTC, ISO 8601.
    """

    key: str
    etag: str
    size: int
    written: str

    @property
    def row(self) -> list[Any]:
        """As JSON can hold it."""
        return [self.key, self.etag, self.size, self.written]


@dataclass(frozen=True)
class CapturedObjects:
    """The captured traffic and the ground truth of one use case.

    Attributes:
        artifacts: The object store.
        use_case: Whose; its endpoint in production bears the same name.
    """

    artifacts: Artifacts
    use_case: str

    @property
    def _capture(self) -> str:
        return f"use-cases/{self.use_case}/capture/{self.use_case}/"

    @property
    def _truth(self) -> str:
        return f"use-cases/{self.use_case}/ground-truth/"

    def traffic(self, start: datetime, end: datetime) -> tuple[Listed, ...]:
        """The objects that may hold requests answered between two times; those of a canary are left out.

        Raises:
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        variants = (each for each in self.artifacts.folders(self._capture) if each != CANARY)
        found = (self._between(f"{self._capture}{each}/", start - _LATE, end + _LATE) for each in variants)
        return tuple(sorted(each for objects in found for each in objects))

    def truth(self, start: datetime, end: datetime) -> tuple[Listed, ...]:
        """The objects with ground truth of requests answered between two times.

        Raises:
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        return tuple(self._between(self._truth, start, end))

    def first_traffic(self) -> datetime | None:
        """The hour of the first request that was captured; None where none was.

        Raises:
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        hours = []
        for variant in self.artifacts.folders(self._capture):
            prefix = f"{self._capture}{variant}/"
            for key in self.artifacts.list(prefix):
                hour = _hour_of(key.removeprefix(prefix))
                if hour is not None:
                    hours.append(hour)
                    break
        return min(hours, default=None)

    def read(self, objects: Iterable[Listed]) -> Iterator[tuple[Listed, bytes]]:
        """Each object and its bytes, one at a time.

        Raises:
            ArtifactChanged: An object has changed or gone since it was listed.
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        for each in objects:
            try:
                with calling("s3", f"GetObject s3://{self.artifacts.bucket}/{each.key}"):
                    answer = self.artifacts.client.get_object(Bucket=self.artifacts.bucket, Key=each.key)
                    content: bytes = answer["Body"].read()
            except RecordMissing as missing:
                raise ArtifactChanged(
                    f"s3://{self.artifacts.bucket}/{each.key} was listed for its window and is gone"
                ) from missing
            if answer["ETag"] != each.etag:
                raise ArtifactChanged(
                    f"s3://{self.artifacts.bucket}/{each.key} has changed since it was listed for its window: "
                    f"it was {each.etag}, now it is {answer['ETag']}"
                )
            yield each, content

    def _between(self, prefix: str, start: datetime, end: datetime) -> Iterator[Listed]:
        """The objects under the prefix in the hours that two times and all between lie in."""
        first, last = f"{prefix}{_hour(start)}", f"{prefix}{_hour(end - timedelta(microseconds=1))}"
        asked: dict[str, Any] = {"Bucket": self.artifacts.bucket, "Prefix": prefix, "StartAfter": first}
        while True:
            with calling("s3", f"ListObjectsV2 s3://{self.artifacts.bucket}/{prefix}"):
                page = self.artifacts.client.list_objects_v2(**asked)
            for each in page.get("Contents", ()):
                if each["Key"][: len(last)] > last:
                    return
                if each["Key"].endswith(".jsonl") and each["Size"]:
                    yield _listed(each)
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]


def by_hour(objects: Iterable[Listed]) -> dict[str, list[Listed]]:
    """The listed objects by the hour in their keys."""
    found: dict[str, list[Listed]] = {}
    for each in objects:
        found.setdefault("/".join(each.key.rsplit("/", 5)[-5:-1]), []).append(each)
    return found


def traffic_of(held: Mapping[str, Sequence[Listed]], start: datetime, end: datetime) -> list[Listed]:
    """The objects that bear a time in a window: what was begun after it may come at any time and changes nothing in it.

    Args:
        held: As ``by_hour`` has them.
        start: Of the window.
        end: Of the window.
    """
    return [
        each
        for hour in _hours(start, end)
        for each in held.get(hour, ())
        if (time := _time_of(each.key)) is None or start <= time < end
    ]


def truth_of(held: Mapping[str, Sequence[Listed]], start: datetime, end: datetime) -> list[Listed]:
    """The objects with ground truth of a window's hours, as ``by_hour`` has them."""
    return [each for hour in _hours(start, end) for each in held.get(hour, ())]


def fingerprint(objects: Iterable[Listed]) -> str:
    """What changes whenever an object comes, goes or changes, whatever the order of a listing."""
    return digest([[each.key, each.etag] for each in sorted(objects)])


def listed_row(row: list[Any]) -> Listed:
    """An object from what ``Listed.row`` made of it."""
    return Listed(str(row[0]), str(row[1]), int(row[2]), str(row[3]))


def _listed(found: dict[str, Any]) -> Listed:
    return Listed(found["Key"], found["ETag"], int(found["Size"]), found["LastModified"].astimezone(UTC).isoformat())


def _hours(start: datetime, end: datetime) -> tuple[str, ...]:
    hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    found = []
    while hour < end:
        found.append(_hour(hour))
        hour += _HOUR
    return tuple(found)


def _hour(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y/%m/%d/%H}"


def _time_of(key: str) -> datetime | None:
    """The time in a captured object's key, ``<yyyy>/<mm>/<dd>/<hh>/<MM-SS-...>``; None if it has none."""
    *_, year, month, day, hour, name = f"/////{key}".split("/")
    try:
        return datetime.strptime(f"{year}/{month}/{day}/{hour}/{name[:5]}", "%Y/%m/%d/%H/%M-%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _hour_of(name: str) -> datetime | None:
    try:
        return datetime.strptime("/".join(name.split("/")[:4]), "%Y/%m/%d/%H").replace(tzinfo=UTC)
    except ValueError:
        return None
