"""Lines on disk until the store has them: bounded, appended to by requests, taken away by the sender.

A segment is a file of lines for one object; its first line says which, so that a later server can send what an earlier
one left. It is appended to for a second or until it is large, and then sealed.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sagemaker_server.runtime.objects import Location

SEALED_AFTER = 1.0
"""Seconds."""
LARGEST_SEGMENT = 4 << 20
SUFFIX = ".segment"

_log = logging.getLogger(__name__)


class SpoolFull(Exception):
    """The endpoint's share of the spool is used up; the message has the numbers."""


@dataclass(frozen=True)
class Stream:
    """What shares a segment: one variant's lines of one hour, bound for one prefix."""

    endpoint: str
    variant: str
    destination: Location
    hour: str

    @classmethod
    def at(cls, endpoint: str, variant: str, destination: Location, time: datetime) -> Stream:
        """The stream of a time, aware UTC."""
        return cls(endpoint, variant, destination, f"{time:%Y/%m/%d/%H}")

    def object_at(self, time: datetime) -> Location:
        """A new object for lines that begin at a time."""
        name = f"{time:%M-%S}-{time.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
        return self.destination.joined(self.endpoint, self.variant, self.hour, name)


@dataclass(frozen=True)
class Sealed:
    """A segment that nothing is appended to any more.

    Attributes:
        file: Where it is.
        endpoint: Whose it is.
        target: The object that it becomes.
        head: Bytes before its lines.
        size: Bytes of all of it.
    """

    file: Path
    endpoint: str
    target: Location
    head: int
    size: int

    def lines(self) -> bytes:
        """Its complete lines; a server that was killed may have left the beginning of one more."""
        content = self.file.read_bytes()[self.head :]
        return content[: content.rfind(b"\n") + 1]


class _Segment:
    """A segment being written; what a full disk cut off is taken back."""

    def __init__(self, file: Path, endpoint: str, target: Location) -> None:
        self.file, self.endpoint, self.target = file, endpoint, target
        self.began = time.monotonic()
        self.size = 0
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        head = json.dumps({"endpoint": endpoint, "bucket": target.bucket, "key": target.key}).encode() + b"\n"
        try:
            self.append(head)
        except OSError:
            self.close()
            file.unlink(missing_ok=True)
            raise
        self.head = len(head)

    def append(self, line: bytes) -> None:
        """Writes a line, whole or not at all.

        Raises:
            OSError: The disk did not take it.
        """
        try:
            written = os.write(self._descriptor, line)
            if written != len(line):
                raise OSError(f"the disk took {written} of {len(line)} bytes")
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(line)

    def close(self) -> None:
        os.close(self._descriptor)

    def sealed(self) -> Sealed:
        self.close()
        return Sealed(self.file, self.endpoint, self.target, self.head, self.size)


class Spool:
    """The segments of all endpoints in one folder; each endpoint has a share of its own, so that none crowds others."""

    def __init__(self, folder: Path, share: int) -> None:
        """Opens it; ``take_over`` finds what is there.

        Args:
            folder: Where segments are kept; made when first needed.
            share: Bytes that the segments of one endpoint may take.
        """
        self._folder, self._share = folder, share
        self._changing = threading.Lock()
        self._open: dict[Stream, _Segment] = {}
        self._sealed: list[Sealed] = []
        self._used: Counter[str] = Counter()

    def take_over(self) -> int:
        """Takes up what an earlier server left; how many segments there were."""
        files = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda file: file.stat().st_mtime)
        found = [sealed for file in files if (sealed := _left_behind(file)) is not None]
        with self._changing:
            self._sealed += found
            for sealed in found:
                self._used[sealed.endpoint] += sealed.size
        return len(found)

    def append(self, stream: Stream, time: datetime, line: bytes) -> None:
        """Keeps a line.

        Raises:
            SpoolFull: The endpoint's share does not hold it.
            OSError: The disk does not.
        """
        with self._changing:
            used = self._used[stream.endpoint]
            if used + len(line) > self._share:
                raise SpoolFull(f"{used} of the {self._share} bytes of its spool wait for the store")
            segment = self._open.get(stream)
            if segment is None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                file = self._folder / f"{uuid.uuid4()}{SUFFIX}"
                segment = _Segment(file, stream.endpoint, stream.object_at(time))
                self._open[stream] = segment
                self._used[stream.endpoint] += segment.size
            segment.append(line)
            self._used[stream.endpoint] += len(line)
            if segment.size >= LARGEST_SEGMENT:
                self._seal(stream)

    def sealed(self, *, everything: bool = False) -> list[Sealed]:
        """The segments to send, oldest first; those that are old enough are sealed, or all of them."""
        due = time.monotonic() - SEALED_AFTER
        with self._changing:
            for stream in [stream for stream, segment in self._open.items() if everything or segment.began <= due]:
                self._seal(stream)
            return list(self._sealed)

    def forget(self, sealed: Sealed) -> None:
        """Drops a segment that the store has."""
        sealed.file.unlink(missing_ok=True)
        with self._changing:
            self._sealed = [kept for kept in self._sealed if kept != sealed]
            self._used[sealed.endpoint] -= sealed.size

    def _seal(self, stream: Stream) -> None:
        segment = self._open.pop(stream)
        if segment.size > segment.head:
            self._sealed.append(segment.sealed())
        else:  # begun on a disk that then took no line
            segment.close()
            segment.file.unlink(missing_ok=True)
            self._used[stream.endpoint] -= segment.size


def _left_behind(file: Path) -> Sealed | None:
    """A segment as its file describes it; None (and the file is gone) where it was cut off before any line.

    A line that was cut off belongs to a request that was not answered. A first line that says nothing is kept for
    people to look at.
    """
    with file.open("rb") as content:
        head = content.readline()
        has_lines = content.readline().endswith(b"\n")
        with contextlib.suppress(ValueError, KeyError, TypeError):
            said = json.loads(head)
            target = Location(said["bucket"], said["key"])
            if has_lines:
                return Sealed(file, said["endpoint"], target, len(head), file.stat().st_size)
            has_lines = False
    if has_lines:
        _log.error("segment %s of captured data does not say where to: it is kept as .unreadable", file)
        file.rename(file.with_suffix(".unreadable"))
    else:
        file.unlink(missing_ok=True)
    return None
