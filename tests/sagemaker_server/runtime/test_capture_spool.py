"""The spool by itself: what a server finds that others left, whole or not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sagemaker_server.runtime.capture.spool import Spool, SpoolFull, Stream
from sagemaker_server.runtime.objects import Location

AT = datetime(2026, 3, 1, 7, 59, 58, 123_000, tzinfo=UTC)
TO = Location("bucket", "use-cases/case/capture")


def stream(endpoint: str = "case", time: datetime = AT) -> Stream:
    return Stream.at(endpoint, "AllTraffic", TO, time)


def test_lines_of_an_hour_share_an_object_named_by_its_first(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10_000)
    later = AT.replace(hour=8, minute=0)
    for time, line in ((AT, b"1\n"), (AT, b"2\n"), (later, b"3\n")):
        spool.append(stream(time=time), time, line)
    first, second = spool.sealed(everything=True)
    assert (first.lines(), second.lines()) == (b"1\n2\n", b"3\n")
    assert first.target.key.startswith("use-cases/case/capture/case/AllTraffic/2026/03/01/07/59-58-123-")
    assert second.target.key.startswith("use-cases/case/capture/case/AllTraffic/2026/03/01/08/00-58-123-")


def test_next_server_sends_the_same_object_that_the_last_had_begun(tmp_path: Path) -> None:
    before = Spool(tmp_path, 10_000)
    before.append(stream(), AT, b"1\n")
    after = Spool(tmp_path, 10_000)
    assert after.take_over() == 1
    (left,) = after.sealed()
    (own,) = before.sealed(everything=True)
    assert (left.target, left.lines(), left.endpoint) == (own.target, b"1\n", "case")
    after.forget(left)
    assert list(tmp_path.iterdir()) == []


def test_what_was_cut_off_or_says_nothing_is_not_sent(tmp_path: Path) -> None:
    head = b'{"endpoint": "case", "bucket": "b", "key": "k"}\n'
    for name, content in (
        ("no-lines", head),
        ("empty", b""),
        ("half-a-head", head[:20]),
        ("half-a-line", head + b'{"captureData"'),
        ("no-head", b"[]\n{}\n"),
        ("a-line-and-a-half", head + b"{}\n{"),
    ):
        (tmp_path / f"{name}.segment").write_bytes(content)
    spool = Spool(tmp_path, 10_000)
    assert spool.take_over() == 1
    assert [sealed.lines() for sealed in spool.sealed()] == [b"{}\n"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a-line-and-a-half.segment", "no-head.unreadable"]


def test_each_endpoint_has_a_share_that_what_is_left_counts_against(tmp_path: Path) -> None:
    Spool(tmp_path, 1000).append(stream(), AT, b"x" * 799 + b"\n")
    spool = Spool(tmp_path, 1000)
    spool.take_over()
    with pytest.raises(SpoolFull, match="of the 1000 bytes of its spool wait for the store"):
        spool.append(stream(), AT, b"x" * 199 + b"\n")
    spool.append(stream("other"), AT, b"x" * 199 + b"\n")
    for sealed in spool.sealed(everything=True):
        spool.forget(sealed)
    spool.append(stream(), AT, b"x" * 199 + b"\n")
