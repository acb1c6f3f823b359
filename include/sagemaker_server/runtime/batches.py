"""How a transform job's input is cut into requests and its answers are put together, apart because it is pure."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MEGABYTE = 1 << 20


class RecordTooLarge(Exception):
    """A record, or an input that is not to be split, is larger than ``MaxPayloadInMB``."""


@dataclass(frozen=True)
class Splitting:
    """How to cut.

    Attributes:
        by_line: ``SplitType`` is ``Line``; otherwise an input is one request.
        many_records: ``BatchStrategy`` is ``MultiRecord``; otherwise a line is a request.
        payload: ``MaxPayloadInMB`` in bytes; 0: no bound.
        gzipped: ``CompressionType`` is ``Gzip``.
    """

    by_line: bool
    many_records: bool
    payload: int
    gzipped: bool = False


def payloads(file: Path, splitting: Splitting) -> Iterator[bytes]:
    """The bodies of the requests for one input, in order.

    Args:
        file: The input.
        splitting: How to cut it.

    Raises:
        RecordTooLarge: A record does not fit into a request; the message says which.
    """
    bound = splitting.payload or None
    with _opened(file, splitting.gzipped) as stream:
        if not splitting.by_line:
            body = stream.read(-1 if bound is None else bound + 1)
            if bound is not None and len(body) > bound:
                raise RecordTooLarge(f"the input is larger than MaxPayloadInMB ({bound // MEGABYTE}) and is not split")
            yield body
            return
        yield from _batches(_lines(stream, bound), bound if splitting.many_records else 0)


def assembled(answers: Iterable[bytes], *, with_line_ends: bool) -> Iterator[bytes]:
    """The answers as they follow one another in the output.

    Args:
        answers: What the container answered, in order.
        with_line_ends: ``AssembleWith`` is ``Line``: each answer ends its line.
    """
    for answer in answers:
        yield answer + b"\n" if with_line_ends and not answer.endswith(b"\n") else answer


def _opened(file: Path, gzipped: bool) -> BinaryIO:
    return gzip.open(file, "rb") if gzipped else file.open("rb")  # type: ignore[return-value]


def _lines(stream: BinaryIO, bound: int | None) -> Iterator[bytes]:
    """The input's lines with their ends; empty ones are no records."""
    number = 0
    while line := stream.readline(-1 if bound is None else bound + 1):
        number += 1
        if bound is not None and len(line) > bound:
            raise RecordTooLarge(f"line {number} is larger than MaxPayloadInMB ({bound // MEGABYTE})")
        if line.strip():
            yield line


def _batches(lines: Iterator[bytes], bound: int | None) -> Iterator[bytes]:
    """Lines joined up to the bound; with a bound of 0 each line is alone."""
    batch: list[bytes] = []
    size = 0
    for line in lines:
        if batch and bound is not None and size + len(line) > bound:
            yield b"".join(batch)
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield b"".join(batch)
