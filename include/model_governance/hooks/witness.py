"""The witness: a file of the installation, outside the bucket, that is told the head of a ledger and only ever grows.

Apart from ``hooks.ledger`` because it must not share its fate: whoever can cut off a chain in the bucket need not be
able to write here. On AWS the path is a mount of another account's file system, or of one that keeps what it is given.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from model_governance.domain.canonical import canonical_json
from model_governance.domain.head import PublishedHead, Sighting
from model_governance.errors import ServiceUnavailable


@dataclass
class _Read:
    """How far a witness file has been read, and what it said; ``heads`` is only ever added to while it is one file."""

    file: int = 0
    end: int = 0
    heads: set[tuple[str, PublishedHead]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self, file: int) -> None:
        """Begins anew, with another file or one that was cut."""
        self.file, self.end, self.heads = file, 0, set()


@dataclass(frozen=True)
class Witness:
    """A file of JSON lines, one a head.

    Attributes:
        path: The file; made when it is first written.
    """

    path: Path
    _known: _Read = field(default_factory=_Read, repr=False, compare=False)

    def tell(self, ledger: str, head: PublishedHead, time: datetime) -> None:
        """Appends a head, unless the file has this one; on disk when this returns.

        Args:
            ledger: Address of the ledger, such as ``s3://model-governance/ledger/loan-approval/``.
            head: Its head.
            time: When, aware.

        Raises:
            ServiceUnavailable: The file cannot be written.
        """
        if (ledger, head) in self._told():
            return
        line = canonical_json({"ledger": ledger, **head.model_dump(), "time": time.isoformat()})
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                size = os.fstat(descriptor).st_size
                # A writer that was killed may have left half a line, which must not swallow this one.
                torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                whole = (b"\n" if torn else b"") + line + b"\n"
                if os.write(descriptor, whole) < len(whole):  # as a disk does that is full
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                fcntl.flock(descriptor, fcntl.LOCK_UN)  # the line is whole; the disk may be waited for together
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as fault:
            raise ServiceUnavailable(
                f"witness {self.path} cannot be written ({fault.strerror}): the ledger's entry stands, its head is not "
                "published there; mend it (MODEL_GOVERNANCE_WITNESS) and try again"
            ) from fault

    def sightings(self, ledger: str) -> tuple[Sighting, ...]:
        """What the file knows of a ledger, oldest first; nothing before it is first written.

        Raises:
            ServiceUnavailable: The file cannot be read.
        """
        return tuple(
            Sighting(f"the witness {self.path} (line {number})", head)
            for number, known, head in self._heads()
            if known == ledger
        )

    def ledgers(self) -> tuple[str, ...]:
        """Addresses of the ledgers that the file knows, each once, in order.

        Raises:
            ServiceUnavailable: The file cannot be read.
        """
        return tuple(sorted({ledger for _, ledger, _ in self._heads()}))

    def _told(self) -> set[tuple[str, PublishedHead]]:
        """What the file has been told, for not telling it twice: lines read before are not read again."""
        with self._known.lock:
            try:
                found = self.path.stat()
            except OSError:
                found = None
            if found is None or found.st_ino != self._known.file or found.st_size < self._known.end:
                self._known.forget(found.st_ino if found else 0)
            data = self._bytes(self._known.end) if found else b""
            whole = data.rfind(b"\n") + 1
            self._known.heads.update((ledger, head) for _, ledger, head in _heads_in(data[:whole]))
            self._known.end += whole
            return self._known.heads

    def _heads(self) -> Iterator[tuple[int, str, PublishedHead]]:
        return _heads_in(self._bytes(0))

    def _bytes(self, start: int) -> bytes:
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                return file.read()
        except FileNotFoundError:
            return b""
        except OSError as fault:
            raise ServiceUnavailable(f"witness {self.path} cannot be read: {fault.strerror}") from fault


def _heads_in(data: bytes) -> Iterator[tuple[int, str, PublishedHead]]:
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            said = json.loads(line)
            head = PublishedHead(sequence=said["sequence"], digest=said["digest"])
        except (ValueError, KeyError, TypeError, RecursionError, ValidationError):
            continue  # half a line, of a writer that was killed
        yield number, str(said.get("ledger")), head
