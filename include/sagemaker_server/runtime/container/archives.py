"""Archives within bounds: unpacked so that they neither escape, link nor swell; packed to the same bytes each time."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 16


class ArchiveRefused(Exception):
    """An archive breaks a rule; the message names the member and the bound."""


@dataclass(frozen=True)
class Bounds:
    """What an archive may amount to once unpacked.

    Attributes:
        total: Bytes of all members and headers together.
        members: Number of members.
        header: Bytes that one member's headers may take; they are held in memory.
    """

    total: int = 10 << 30
    members: int = 100_000
    header: int = 1 << 20


class _Metered(io.RawIOBase):
    """A decompressed stream that stops giving once more came out of it than the bounds allow."""

    def __init__(self, stream: BinaryIO, bounds: Bounds) -> None:
        self._stream = stream
        self._bounds = bounds
        self._given = 0
        self._allowed = bounds.header

    def allow(self, size: int) -> None:
        """Lets a member of ``size`` bytes pass, beside its headers and the next one's."""
        self._allowed = self._given + size + self._bounds.header

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Raises:
            ArchiveRefused: More has been read than the members seen so far account for, or than the total bound.
        """
        block = self._stream.read(size)
        self._given += len(block)
        if self._given > self._bounds.total:
            raise ArchiveRefused(f"the archive unpacks to more than {self._bounds.total} bytes")
        if self._given > self._allowed:
            raise ArchiveRefused(f"a member's headers take more than {self._bounds.header} bytes")
        return block


def unpack(archive: Path, folder: Path, bounds: Bounds | None = None) -> None:
    """Unpacks a .tar.gz (or a plain .tar) of regular files and folders.

    Args:
        archive: The archive.
        folder: Where to; made if absent.
        bounds: What it may amount to.

    Raises:
        ArchiveRefused: It is no archive, holds anything but files and folders, names a place outside, or is too large.
    """
    bounds = bounds or Bounds()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _decompressed(archive) as plain:
            stream = _Metered(plain, bounds)
            with tarfile.open(fileobj=stream, mode="r|", bufsize=CHUNK) as tar:
                _unpack_members(tar, stream, folder, bounds)
    except (tarfile.TarError, EOFError, OSError, ValueError) as fault:
        raise ArchiveRefused(f"{archive.name} cannot be unpacked: {fault}") from fault


def pack(folder: Path, archive: Path) -> None:
    """Packs a folder's files as .tar.gz: sorted, without times, owners or links, so that equal content is equal bytes.

    Args:
        folder: What to pack; members are named from within it.
        archive: The file to write.

    Raises:
        ArchiveRefused: The folder holds a link, socket, device or pipe.
    """
    with archive.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as out:
        with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for path in _contents(folder):
                member = tarfile.TarInfo(path.relative_to(folder).as_posix())
                member.mtime = 0
                if path.is_dir():
                    member.type, member.mode = tarfile.DIRTYPE, 0o755
                    tar.addfile(member)
                else:
                    member.size, member.mode = path.stat().st_size, 0o644
                    with path.open("rb") as content:
                        tar.addfile(member, content)


def _unpack_members(tar: tarfile.TarFile, stream: _Metered, folder: Path, bounds: Bounds) -> None:
    total = 0
    for count, member in enumerate(tar, start=1):
        total += member.size
        if count > bounds.members:
            raise ArchiveRefused(f"the archive has more than {bounds.members} members")
        if total > bounds.total:
            raise ArchiveRefused(f"{member.name!r} brings the archive to {total} bytes; {bounds.total} are allowed")
        if not (member.isreg() or member.isdir()) or member.issparse():
            raise ArchiveRefused(f"{member.name!r} is neither a plain file nor a folder")
        stream.allow(member.size)
        tar.extract(member, folder, set_attrs=False, filter="data")


def _decompressed(archive: Path) -> BinaryIO:
    with archive.open("rb") as start:
        is_gzip = start.read(2) == b"\x1f\x8b"
    return gzip.open(archive, "rb") if is_gzip else archive.open("rb")  # type: ignore[return-value]


def _contents(folder: Path) -> Iterator[Path]:
    """Everything in a folder, parents before children, in the order of the names; no link is followed."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            yield path
            yield from _contents(path)
        elif entry.is_file(follow_symlinks=False):
            yield path
        else:
            raise ArchiveRefused(f"{path.relative_to(folder)} is neither a plain file nor a folder")
