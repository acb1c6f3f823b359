"""How fast the endpoint answers under a stated load, and how many of its answers are right while it is under it."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from model_governance.domain.validation import Latency
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.validation.checks import Check, check
from model_governance.evaluation.validation.questions import Answer, Ask, Question, Sample, csv_body, read_scores

P50, P95, LONGEST = "latency_p50_ms", "latency_p95_ms", "latency_max_ms"
ERROR_RATE, THROUGHPUT = "latency_error_rate", "latency_answers_per_second"

_MOST_REQUESTS = 200_000
_FAULTS_TOLD = 5


@dataclass(frozen=True)
class Load:
    """What a load came to.

    Attributes:
        seconds: How long each right answer took, from sending to its last byte, in no order.
        faults: Why each of the other requests had no right answer.
        span: From the first request to the last answer, seconds.
    """

    seconds: tuple[float, ...]
    faults: tuple[str, ...]
    span: float

    @property
    def requests(self) -> int:
        """How many requests were measured."""
        return len(self.seconds) + len(self.faults)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that at least that share of all values do not exceed.

    With n values in order it is the one at place ceil(share * n), from 1; always one that was measured, never one in
    between. Of one value every percentile is that value.

    Args:
        values: At least one, in any order.
        share: In (0, 1].
    """
    return sorted(values)[max(1, math.ceil(round(share * len(values), 9))) - 1]


def check_latency(ask: Ask, sample: Sample, budget: Latency) -> tuple[Check, ...]:
    """Puts the load on the endpoint and holds it to the budget.

    A request counts as an error unless it is answered 200 with what the batch transform predicted for its rows. How
    long errors took is in no percentile: one refused at once would make a slow endpoint look fast. Times are seen from
    where this runs: signing, the way there and back, and the wait for the endpoint's turn are in them.
    """
    load = put_under_load(ask, sample, budget)
    stated = _in_words(budget)
    rate = len(load.faults) / max(1, load.requests)
    told = "; ".join(f"{count} times {fault}" for fault, count in Counter(load.faults).most_common(_FAULTS_TOLD))
    observed = {
        "requests": load.requests,
        "errors": len(load.faults),
        "faults": dict(Counter(load.faults).most_common(_FAULTS_TOLD)),
        "span_seconds": round(load.span, 3),
    }
    checks = [
        check(
            ERROR_RATE,
            round(rate, 6),
            f"{len(load.faults)} of {load.requests} requests without a right answer{': ' if told else ''}{told}",
            maximum=budget.error_rate,
            expected=f"at most {budget.error_rate:g} of the requests without a right answer; {stated}",
            observed=observed,
        )
    ]
    for name, share, limit in ((P50, 0.5, budget.p50_ms), (P95, 0.95, budget.p95_ms), (LONGEST, 1.0, budget.max_ms)):
        value = round(percentile(load.seconds, share) * 1000, 3) if load.seconds else None
        within = "no limit" if limit is None else f"at most {limit:g} ms"
        detail = f"milliseconds; {stated}" if load.seconds else f"no right answer to measure; {stated}"
        checks.append(check(name, value, detail, maximum=limit, expected=f"{within}; {stated}"))
    speed = round(len(load.seconds) / load.span, 3) if load.span else 0.0
    checks.append(check(THROUGHPUT, speed, f"right answers a second; {stated}", expected=f"no limit; {stated}"))
    return tuple(checks)


def put_under_load(ask: Ask, sample: Sample, budget: Latency, clock: Callable[[], float] = time.monotonic) -> Load:
    """Sends requests, as many at once as stated, after a warm-up that is not measured.

    Each request holds other held-out rows than the one before, in turn, so that answers which get mixed up are seen.
    """
    sizes = [sample.rows[place : place + budget.rows] for place in range(0, len(sample.rows), budget.rows)]
    starts = range(0, len(sample.rows), budget.rows)
    turns = [(Question(csv_body(rows)), start, len(rows)) for rows, start in zip(sizes, starts, strict=True)]
    for question, _, _ in itertools.islice(itertools.cycle(turns), budget.warm_up):
        ask(question)
    most = budget.measured_requests or _MOST_REQUESTS
    numbers, lock = itertools.count(), threading.Lock()
    seconds: list[float] = []
    faults: list[str] = []
    began = clock()
    until = math.inf if budget.seconds is None else began + budget.seconds

    def send() -> None:
        while True:
            with lock:
                number = next(numbers)
            if number >= most or clock() >= until:
                return
            question, start, count = turns[number % len(turns)]
            answer = ask(question)
            fault = _fault(answer, sample, start, count)
            with lock:
                if fault:
                    faults.append(fault)
                else:
                    seconds.append(answer.seconds)

    with ThreadPoolExecutor(budget.concurrency) as pool:
        for sender in [pool.submit(send) for _ in range(budget.concurrency)]:
            sender.result()
    return Load(tuple(seconds), tuple(faults), clock() - began)


def _fault(answer: Answer, sample: Sample, start: int, count: int) -> str:
    try:
        scores = read_scores(answer, count, sample.label)
    except EvaluationRefused as refusal:
        return str(refusal).replace("the transform", "the endpoint")
    rows = Sample(
        sample.features, sample.label, sample.rows[start:], sample.predicted[start : start + count], sample.tolerance
    )
    return "answered another row's prediction" if rows.difference(scores) > sample.tolerance else ""


def _in_words(budget: Latency) -> str:
    much = f"{budget.seconds:g} s" if budget.measured_requests is None else f"{budget.measured_requests} requests"
    return f"load: {much} of {budget.rows} row(s), {budget.concurrency} at once, after {budget.warm_up} to warm up"
