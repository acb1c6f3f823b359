"""What a test endpoint must show before production, as a use case declares it; with defaults that test something.

Apart from ``deployment``, which says how a model is served: this says what it must answer there, how fast, to whom.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StrictFloat, StrictInt, StrictStr, model_validator

from model_governance.domain.data import Data, ProblemType
from model_governance.domain.declaration import Declared
from model_governance.domain.dependency import Downstream, Upstream

CSV, JSON = "text/csv", "application/json"

MediaType = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*$", max_length=128)]
CaseName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
Cell = StrictInt | StrictFloat | StrictStr | None
"""A feature's value; None where it is not known."""


class MalformedInput(StrEnum):
    """Requests that are no rows of the use case; each must get a 4xx, and a right answer must follow it."""

    TOO_FEW_COLUMNS = "too_few_columns"
    TOO_MANY_COLUMNS = "too_many_columns"
    ONE_BAD_ROW_AMONG_GOOD = "one_bad_row_among_good"
    TEXT_IN_A_NUMBER_COLUMN = "text_in_a_number_column"
    EMPTY_BODY = "empty_body"
    BINARY_JUNK = "binary_junk"
    UNCLOSED_QUOTE = "unclosed_quote"
    HUGE_LINE = "huge_line"
    NO_CONTENT_TYPE_OF_OURS = "no_content_type_of_ours"
    BROKEN_JSON = "broken_json"


class OwnMalformedInput(Declared):
    """A malformed request of the use case's own.

    Attributes:
        name: What the evidence calls it.
        body: What is sent.
        content_type: As what.
    """

    name: CaseName
    body: str = Field(max_length=65_536)
    content_type: MediaType = "text/csv"


class Contract(Declared):
    """What the endpoint takes and gives.

    Attributes:
        accepts: Content types that it must answer; of a JSON request, see ``json_rows``.
        refuses: Content types that it must refuse with a 4xx.
        answers: Types that it must answer in: CSV, a line a row; JSON, ``{"predictions": [{"score": ...}]}``.
        json_rows: How a JSON request holds a row in ``{"instances": [...]}``: ``named``, an object with a field for
            each feature, or ``listed``, ``{"features": [...]}``.
        output: What an answer is: by default what the problem type says. ``class`` is a binary answer of 0 or 1.
        minimum: The lowest value of an answer; of a probability 0.
        maximum: The highest value of an answer; of a probability 1.
        malformed: Requests that must get a 4xx. Those that do not apply (JSON where none is accepted) are left out.
        own_malformed: More of them.
    """

    accepts: tuple[Literal["text/csv", "application/json"], ...] = Field(default=("text/csv",), min_length=1)
    refuses: tuple[MediaType, ...] = ("image/png",)
    answers: tuple[Literal["text/csv", "application/json"], ...] = Field(default=("text/csv",), min_length=1)
    json_rows: Literal["named", "listed"] = "named"
    output: Literal["probability", "class", "number"] | None = None
    minimum: float | None = None
    maximum: float | None = None
    malformed: tuple[MalformedInput, ...] = Field(default=tuple(MalformedInput), min_length=1)
    own_malformed: tuple[OwnMalformedInput, ...] = ()

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> Contract:
        both = sorted(set(self.accepts).intersection(self.refuses))
        if both:
            raise ValueError(f"{', '.join(both)}: both accepted and refused")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} exceeds maximum {self.maximum}")
        return self


class Latency(Declared):
    """A stated load and what must come of it; measured where the pipeline runs, the way to the endpoint included.

    Attributes:
        concurrency: How many requests are under way at once.
        requests: How many are measured; None where ``seconds`` says how long.
        seconds: For how long requests are sent.
        warm_up: Requests sent before, not measured.
        rows: Held-out rows in a request.
        p50_ms: The longest that half of the requests may take, milliseconds; None without such a budget.
        p95_ms: The longest that 95 % of them may take.
        max_ms: The longest that any may take.
        error_rate: The largest share of requests without a right answer, in [0, 1].
    """

    concurrency: int = Field(default=2, ge=1, le=32)
    requests: int | None = Field(default=None, ge=1, le=10_000)
    seconds: float | None = Field(default=None, ge=0.1, le=600)
    warm_up: int = Field(default=5, ge=0, le=1000)
    rows: int = Field(default=1, ge=1, le=1000)
    p50_ms: float | None = Field(default=None, gt=0)
    p95_ms: float | None = Field(default=1000.0, gt=0)
    max_ms: float | None = Field(default=5000.0, gt=0)
    error_rate: float = Field(default=0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _says_how_much(self) -> Latency:
        if self.requests is not None and self.seconds is not None:
            raise ValueError("the load is so many requests, or so many seconds, not both")
        if (self.p50_ms, self.p95_ms, self.max_ms) == (None, None, None):
            raise ValueError("a latency budget needs p50_ms, p95_ms or max_ms")
        return self

    @property
    def measured_requests(self) -> int | None:
        """How many requests are measured; None where the time decides. Neither stated: 50."""
        return 50 if self.requests is None and self.seconds is None else self.requests


class Expected(StrEnum):
    """What an edge case's answer must be."""

    IN_RANGE = "in_range"
    EQUAL = "equal"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    REFUSED = "refused"


class EdgeCase(Declared):
    """Rows at the edge of what the model will see, and how it must behave there.

    A row is a held-out one with some values replaced. Compared are answers to rows that differ in nothing else: that
    with ``values``, and that with ``compared_with`` instead. Of several classes, the answer is the probability of the
    favourable ones together.

    Attributes:
        name: What evidence and people call it.
        meaning: What it means to somebody who uses the answers.
        held_out_row: The held-out row to begin with, from 1; None where ``rows`` says how many.
        rows: How many held-out rows, from the first on, the case must hold for, each by itself.
        values: The values that make the case, by feature.
        compared_with: Those of the row that it is compared with; nothing for the held-out row as it is.
        expected: ``in_range``, or ``equal`` to the other answer, ``at_least`` or ``at_most`` it, or ``refused``.
        minimum: Of the answer (``in_range``).
        maximum: Of the answer (``in_range``).
        tolerance: Largest difference of answers that are ``equal``.
        margin: ``at_least`` the other answer and this more, ``at_most`` it and this less; negative allows that much.
    """

    name: CaseName
    meaning: str = Field(default="", max_length=500)
    held_out_row: int | None = Field(default=None, ge=1)
    rows: int | None = Field(default=None, ge=1, le=1000)
    values: dict[str, Cell] = {}
    compared_with: dict[str, Cell] = {}
    expected: Expected
    minimum: float | None = None
    maximum: float | None = None
    tolerance: float = Field(default=1e-9, ge=0)
    margin: float = 0.0

    @model_validator(mode="after")
    def _can_be_judged(self) -> EdgeCase:
        bounded = self.minimum is not None or self.maximum is not None
        if bounded != (self.expected is Expected.IN_RANGE):
            raise ValueError(f"{self.name}: in_range needs minimum or maximum, and nothing else takes them")
        if self.compared_with and self.expected in (Expected.IN_RANGE, Expected.REFUSED):
            raise ValueError(f"{self.name}: {self.expected} compares with nothing")
        if self.compares and self.values == self.compared_with:
            raise ValueError(f"{self.name}: compares a row with itself")
        if self.held_out_row is not None and self.rows is not None:
            raise ValueError(f"{self.name}: begins with one held-out row or with several, not both")
        if self.expected is Expected.REFUSED and (not self.values or (self.rows or 1) > 20):
            raise ValueError(f"{self.name}: a refused row needs values, and no more than 20 rows are tried")
        return self

    @property
    def compares(self) -> bool:
        """Whether its answers are held to those of other rows."""
        return self.expected not in (Expected.IN_RANGE, Expected.REFUSED)


class Validation(Declared):
    """The tests of the test endpoint; parity with the batch transform is declared beside it, in ``deployment``."""

    contract: Contract = Contract()
    latency: Latency = Latency()
    edge_cases: tuple[EdgeCase, ...] = Field(default=(), max_length=100)
    upstream: tuple[Upstream, ...] = Field(default=(), max_length=20)
    downstream: tuple[Downstream, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _every_name_is_ones_own(self) -> Validation:
        own = [case.name for case in self.contract.own_malformed]
        for kind, names in (
            ("malformed input", [*self.contract.malformed, *own]),
            ("edge case", [case.name for case in self.edge_cases]),
            ("dependency", [one.name for one in (*self.upstream, *self.downstream)]),
        ):
            twice = sorted({str(name) for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{kind} {', '.join(twice)}: stands there twice")
        return self

    def refuse_what_does_not_fit(self, data: Data) -> None:
        """Raises unless every feature named is one, and the output is one that the problem has.

        Raises:
            ValueError: Naming the case and the feature.
        """
        features = set(data.features)
        for case in self.edge_cases:
            unknown = sorted({*case.values, *case.compared_with} - features)
            if unknown:
                raise ValueError(f"edge case {case.name} names {', '.join(unknown)}, which is no feature")
        for source in self.upstream:
            unknown = sorted(set(source.names) - features)
            if unknown:
                raise ValueError(f"upstream {source.name} names {', '.join(unknown)}, which is no feature")
        problem, output = data.label.problem_type, self.contract.output
        fits = {
            ProblemType.BINARY_CLASSIFICATION: {None, "probability", "class"},
            ProblemType.MULTICLASS_CLASSIFICATION: {None, "probability"},
            ProblemType.REGRESSION: {None, "number"},
        }
        if output not in fits[problem]:
            raise ValueError(f"contract.output {output!r} is no answer of a {problem}")
