"""Archives: what is refused, within which bounds, and that equal content gives equal bytes."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from sagemaker_server.runtime.container.archives import ArchiveRefused, Bounds, pack, unpack


def archive(tmp_path: Path, *members: tarfile.TarInfo, data: bytes = b"") -> Path:
    file = tmp_path / "given.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(data))
    return file


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


@pytest.mark.parametrize(
    "refused",
    [
        member("../escaped"),
        member("a/../../escaped"),
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("link", tarfile.SYMTYPE, "inside"),
        member("link", tarfile.LNKTYPE, "inside"),
        member("pipe", tarfile.FIFOTYPE),
        member("device", tarfile.CHRTYPE),
    ],
    ids=["parent", "deep-parent", "symlink", "inner-symlink", "hard-link", "fifo", "device"],
)
def test_what_is_no_plain_file_inside_is_refused(tmp_path: Path, refused: tarfile.TarInfo) -> None:
    with pytest.raises(ArchiveRefused):
        unpack(archive(tmp_path, refused), tmp_path / "to" / "here")
    assert not (tmp_path / "escaped").exists() and not (tmp_path / "to" / "escaped").exists()
    assert list((tmp_path / "to" / "here").iterdir()) == []


def test_absolute_name_lands_inside(tmp_path: Path) -> None:
    unpack(archive(tmp_path, member("/file", size=1), data=b"x"), tmp_path / "here")
    assert (tmp_path / "here" / "file").read_bytes() == b"x"


def test_bomb_is_refused_before_it_swells(tmp_path: Path) -> None:
    file = archive(tmp_path, member("zeros", size=64 << 20), data=bytes(64 << 20))
    assert file.stat().st_size < 1 << 17
    with pytest.raises(ArchiveRefused, match=r"'zeros' brings the archive to 67108864 bytes; 1048576 are allowed"):
        unpack(file, tmp_path / "here", Bounds(total=1 << 20))
    assert list((tmp_path / "here").iterdir()) == []


def test_many_members_are_refused(tmp_path: Path) -> None:
    file = archive(tmp_path, *(member(f"{n}") for n in range(11)))
    with pytest.raises(ArchiveRefused, match="more than 10 members"):
        unpack(file, tmp_path / "here", Bounds(members=10))


def test_swollen_header_is_refused(tmp_path: Path) -> None:
    info = member("file")
    info.pax_headers = {"comment": "x" * (8 << 20)}
    with pytest.raises(ArchiveRefused, match="headers take more than"):
        unpack(archive(tmp_path, info), tmp_path / "here", Bounds(header=1 << 20))


@pytest.mark.parametrize("content", [b"", b"no archive", gzip.compress(b"no archive")], ids=["empty", "text", "gzip"])
def test_garbage_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "given.tar.gz"
    file.write_bytes(content)
    with pytest.raises(ArchiveRefused, match=r"given.tar.gz cannot be unpacked"):
        unpack(file, tmp_path / "here")


def test_cut_off_archive_is_refused(tmp_path: Path) -> None:
    file = archive(tmp_path, member("file", size=1 << 20), data=os.urandom(1 << 20))
    file.write_bytes(file.read_bytes()[: 1 << 19])
    with pytest.raises(ArchiveRefused):
        unpack(file, tmp_path / "here")


def test_equal_content_is_packed_to_equal_bytes_and_comes_back(tmp_path: Path) -> None:
    packed = []
    for name, time in (("one", 1), ("two", 2_000_000)):
        folder = tmp_path / name
        (folder / "code").mkdir(parents=True)
        for file in sorted(("b", "a", "code/inference.py"), reverse=name == "two"):
            (folder / file).write_text(file)
            os.utime(folder / file, (time, time))
        pack(folder, tmp_path / f"{name}.tar.gz")
        packed.append((tmp_path / f"{name}.tar.gz").read_bytes())
    assert packed[0] == packed[1]
    unpack(tmp_path / "one.tar.gz", tmp_path / "back")
    assert (tmp_path / "back" / "code" / "inference.py").read_text() == "code/inference.py"


def test_link_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "link").symlink_to("/etc/passwd")
    with pytest.raises(ArchiveRefused, match="link is neither"):
        pack(tmp_path / "model", tmp_path / "model.tar.gz")
