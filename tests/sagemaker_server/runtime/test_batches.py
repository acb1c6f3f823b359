"""Cutting inputs into requests, on inputs small enough to read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_server.runtime.batches import RecordTooLarge, Splitting, assembled, payloads


def cut(tmp_path: Path, content: bytes, *, by_line: bool = True, many: bool = True, payload: int = 0) -> list[bytes]:
    file = tmp_path / "input"
    file.write_bytes(content)
    return list(payloads(file, Splitting(by_line, many, payload)))


def test_lines_fill_a_request_up_to_the_payload(tmp_path: Path) -> None:
    assert cut(tmp_path, b"aa\nbb\ncc\n", payload=6) == [b"aa\nbb\n", b"cc\n"]


def test_single_records_are_sent_alone_and_empty_lines_are_none(tmp_path: Path) -> None:
    assert cut(tmp_path, b"a\n\nb", many=False) == [b"a\n", b"b"]


def test_without_splitting_an_input_is_one_request(tmp_path: Path) -> None:
    assert cut(tmp_path, b"a\nb\n", by_line=False) == [b"a\nb\n"]


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordTooLarge, match="line 2"):
        cut(tmp_path, b"a\nbbbb\n", payload=3)
    with pytest.raises(RecordTooLarge, match="not split"):
        cut(tmp_path, b"aaaa", by_line=False, payload=3)


def test_line_ends_are_added_where_they_are_missing() -> None:
    assert list(assembled([b"a", b"b\n"], with_line_ends=True)) == [b"a\n", b"b\n"]
    assert list(assembled([b"a", b"b\n"], with_line_ends=False)) == [b"a", b"b\n"]


@given(st.lists(st.text("abc", min_size=1, max_size=5), max_size=20), st.integers(6, 30), st.booleans())
def test_no_record_is_lost_or_moved(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], payload: int, many: bool
) -> None:
    content = "".join(f"{row}\n" for row in rows).encode()
    bodies = cut(tmp_path_factory.mktemp("batches"), content, many=many, payload=payload)
    assert b"".join(bodies) == content
    assert all(len(body) <= payload for body in bodies)
