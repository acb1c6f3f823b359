"""A use case's code as jobs take it: one archive with the same bytes whenever the code is the same."""

from __future__ import annotations

import gzip
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from model_governance.domain.canonical import sha256_hex
from model_governance.errors import UseCaseInvalid

ARCHIVE_NAME = "sourcedir.tar.gz"
_LEFT_OUT_FOLDERS = frozenset({"__pycache__", "data", "tests"})
_LEFT_OUT_SUFFIXES = frozenset({".pyc", ".pyo", ".csv", ".parquet"})
_DECLARATIONS = frozenset({"use_case.yaml", "stubs.json"})


@dataclass(frozen=True)
class SourceCode:
    """A packed folder of code.

    Attributes:
        archive: The bytes of a gzipped tar.
        sha256: Of the archive, 64 hex digits.
        files: What is in it, as relative paths, in order.
    """

    archive: bytes
    sha256: str
    files: tuple[str, ...]

    def key(self, use_case: str) -> str:
        """Where it lies in the bucket."""
        return f"use-cases/{use_case}/code/{self.sha256}/{ARCHIVE_NAME}"


def pack_source_code(folder: Path) -> SourceCode:
    """The code of a use case's folder; its declaration, stand-ins, data, tests, caches and hidden files are left out.

    Names are sorted and no time, owner or mode of this machine goes in, so that the digest says what the code is.

    Raises:
        UseCaseInvalid: A file is a link, which would carry in what lies outside the folder.
    """
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if _is_code(path, folder))
    packed = io.BytesIO()
    # Stored rather than compressed: the bytes then do not depend on which zlib is at hand.
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=0, mtime=0) as stream:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name in files:
                data = (folder / name).read_bytes()
                member = tarfile.TarInfo(name)
                member.size = len(data)
                member.mode = 0o644
                archive.addfile(member, io.BytesIO(data))
    return SourceCode(packed.getvalue(), sha256_hex(packed.getvalue()), tuple(files))


def _is_code(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    if any(part.startswith(".") or part in _LEFT_OUT_FOLDERS for part in parts):
        return False
    if path.is_symlink():
        raise UseCaseInvalid(f"{path}: is a link; a use case's folder must hold its code itself")
    declared = len(parts) == 1 and parts[0] in _DECLARATIONS
    return path.is_file() and path.suffix not in _LEFT_OUT_SUFFIXES and not declared
