"""The measured half of the window benchmark, in a process of its own: prints its times as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmarks.children import peak_mebibytes
from tests.model_governance.evaluation.conftest import USE_CASE
from tests.model_governance.evaluation.production import (
    START,
    WINDOW,
    Rows,
    baselines_of,
    declare,
    draw,
    lines_of,
    truth_line,
)

from model_governance.evaluation.capture import read_capture
from model_governance.evaluation.ground_truth import TruthObject, read_ground_truth
from model_governance.evaluation.window import assess_window

_PROBLEM = "binary_classification"
_OBJECT = 10_000
"""Requests of an object."""


class Store:
    """Gives objects one at a time, and knows how long it took to make them."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.seconds = 0.0

    def each(self, make: Callable[[int], Any]) -> Iterator[Any]:
        for start in range(0, len(self.rows.labels), _OBJECT):
            began = time.perf_counter()
            made = make(start)
            self.seconds += time.perf_counter() - began
            yield made

    def capture(self, start: int) -> tuple[str, bytes]:
        """An object of captured requests."""
        rows, part = self.rows, slice(start, start + _OBJECT)
        some = Rows(rows.features[part], rows.predictions[part], rows.labels[part], rows.facet[part])
        return f"o{start:09}", lines_of(some, prefix=_prefix(start))

    def truth(self, start: int) -> TruthObject:
        """An object of ground truth."""
        rows = self.rows
        pairs = zip(rows.labels[start : start + _OBJECT], rows.facet[start : start + _OBJECT], strict=True)
        lines = [truth_line(f"{_prefix(start)}{n}", f"{label:g},{young}") for n, (label, young) in enumerate(pairs)]
        return TruthObject(f"t{start:09}", b"\n".join(lines), START)

    def timed(self, work: Callable[[], Any]) -> tuple[Any, float]:
        """What the work gives, and its seconds without those of making objects."""
        self.seconds, began = 0.0, time.perf_counter()
        found = work()
        return found, time.perf_counter() - began - self.seconds


def _prefix(start: int) -> str:
    return f"{start:09}-0000-4000-8000-"


def _decode(objects: Iterator[tuple[str, bytes]]) -> None:
    for _, content in objects:
        for line in content.split(b"\n"):
            json.loads(line)


def measure(count: int) -> dict[str, float]:
    """Seconds of each part."""
    use_case = declare(_PROBLEM, USE_CASE)
    baselines, store = baselines_of(use_case), Store(draw(_PROBLEM, count, 5))
    _, bare = store.timed(lambda: _decode(store.each(store.capture)))
    captured, capture = store.timed(lambda: read_capture(store.each(store.capture), use_case.data, WINDOW))
    truths, truth = store.timed(lambda: read_ground_truth(store.each(store.truth)))
    report, assessment = store.timed(
        lambda: assess_window(use_case, WINDOW, baselines, captured, truths, minimum_group_rows=30)
    )
    times = {"bare": bare, "capture": capture, "truth": truth, "assessment": assessment}
    return {**times, "rows": report.traffic["rows"], "mebibytes": peak_mebibytes()}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
