"""A use case as its team declares it in use_case.yaml: the one form that every stage reads."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from model_governance.domain.canonical import digest
from model_governance.domain.declaration import read_declaration
from model_governance.errors import UseCaseInvalid


def _is_nothing_elses_name(name: str) -> str:
    if name == POLICIES_LEDGER:
        raise ValueError(f"{name!r} is the name of the ledger of policy versions")
    if name.endswith(TEST_SUFFIX):
        other = name.removesuffix(TEST_SUFFIX)
        raise ValueError(f"{name!r} is what the test endpoint of a use case {other!r} is called")
    return name


POLICIES_LEDGER = "policies"
"""The ledger that versions of the policy and people files are entered in; no use case may be called so."""

TEST_SUFFIX = "-test"
"""What follows a use case's name in that of its test endpoint; one called so would share its endpoint with another."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9](-?[a-z0-9]){0,39}$"), AfterValidator(_is_nothing_elses_name)]
PersonId = Annotated[str, Field(pattern=r"^[a-z0-9](-?[a-z0-9]){0,63}$")]


class Declared(BaseModel):
    """Part of a declaration: immutable, and with no field that we do not know.

    ``_LATER`` names fields that came after the first release. At their default they are left out of the dump, so that a
    declaration which does not use them keeps the digest under which it was approved.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    _LATER: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _leave_out_unused_later_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        unused = {name for name in self._LATER if getattr(self, name) == fields[name].default}
        return {name: value for name, value in dumped.items() if name not in unused}


class ProblemType(StrEnum):
    """What the model predicts: a probability, a probability for each class, or a number."""

    BINARY_CLASSIFICATION = "binary_classification"
    MULTICLASS_CLASSIFICATION = "multiclass_classification"
    REGRESSION = "regression"

    @property
    def section(self) -> str:
        """Where a Model Monitor report has its metrics, such as ``regression_metrics``."""
        return f"{self.value}_metrics"


class Business(Declared):
    """Why the organisation wants the model; goes into the card's business details."""

    problem: str = Field(max_length=2048)
    stakeholders: tuple[str, ...] = ()
    line_of_business: str = Field(max_length=2048)


class DataZone(Declared):
    """The project in the data catalogue that the use case belongs to."""

    domain_id: str
    project_id: str


class RiskAnswers(Declared):
    """The answers from which the policy computes the risk tier."""

    exposure: Literal["internal", "customer", "public"]
    automated_decisions: bool
    affects_people: bool
    data_sensitivity: Literal["public", "internal", "personal", "special_category"]


class Label(Declared):
    """The column to predict, and what counts as the favourable outcome in it.

    ``positive`` is the favourable value, several of them (a label of many categories), or, with ``threshold: true``,
    the number strictly above which a numeric label is favourable. ``classes`` are all the values of a label of several
    classes, in the order in which the model answers their probabilities.
    """

    _LATER: ClassVar[frozenset[str]] = frozenset({"threshold", "classes"})

    column: str
    positive: int | float | str | Annotated[tuple[int | float | str, ...], Field(min_length=1)]
    threshold: bool = False
    classes: tuple[int | float | str, ...] = ()

    @model_validator(mode="after")
    def _threshold_is_a_number(self) -> Label:
        if self.threshold and not isinstance(self.positive, int | float):
            raise ValueError(f"a label's threshold is one number, not {self.positive!r}")
        return self

    @model_validator(mode="after")
    def _favourable_classes_are_some_of_them(self) -> Label:
        classes = {str(value) for value in self.classes}
        if self.classes and (
            self.threshold
            or len(classes) < max(2, len(self.classes))
            or not {str(value) for value in self.favourable} < classes
        ):
            raise ValueError(
                f"classes {self.classes!r}: at least two values, each its own, some but not all of them in positive, "
                "and no threshold"
            )
        return self

    @property
    def problem_type(self) -> ProblemType:
        """What a model of this label predicts."""
        if self.threshold:
            return ProblemType.REGRESSION
        return ProblemType.MULTICLASS_CLASSIFICATION if self.classes else ProblemType.BINARY_CLASSIFICATION

    @property
    def favourable(self) -> tuple[int | float | str, ...]:
        """The favourable values, at least one; with ``threshold``, the number alone."""
        return self.positive if isinstance(self.positive, tuple) else (self.positive,)


class Facet(Declared):
    """A facet to compare groups by, in SageMaker Clarify's terms.

    ``value_or_threshold`` selects the disadvantaged group d: the listed values as one group; with nothing listed, each
    value in turn against the rest. With ``threshold: true`` it holds numbers, ascending: one number puts the rows
    strictly above it into d; several cut the numbers into intervals, (-inf, t1], (t1, t2] to (tn, inf), and each
    interval in turn is compared with the rest. ``is_feature`` says that the model may read the column: for what is no
    attribute of a person.
    """

    _LATER: ClassVar[frozenset[str]] = frozenset({"is_feature"})

    name_or_index: str
    value_or_threshold: tuple[int | float | str, ...] = ()
    threshold: bool = False
    is_feature: bool = False

    @model_validator(mode="after")
    def _thresholds_ascend(self) -> Facet:
        if not self.threshold:
            return self
        numbers = [one for one in self.value_or_threshold if isinstance(one, int | float)]
        if len(numbers) != len(self.value_or_threshold) or not numbers or sorted(set(numbers)) != numbers:
            raise ValueError(
                f"a facet's thresholds are numbers, each greater than the one before, not {self.value_or_threshold!r}"
            )
        return self


class Expectation(Declared):
    """A Great Expectations expectation by its own name and arguments."""

    type: str = Field(pattern=r"^expect_[a-z_]+$")
    kwargs: dict[str, Any] = {}
    severity: Literal["fail", "warning"] = "fail"


class Split(Declared):
    """How rows are divided: by a hash of the row, so that equal rows never stand on both sides."""

    seed: int
    holdout_fraction: float = Field(gt=0, lt=1)


class Data(Declared):
    """Where the data comes from and what its columns mean.

    ``group_variable`` is the column by which conditional demographic disparity divides the rows into subgroups: what
    may rightly explain a difference between facets, such as the department applied to. It may be a feature.
    ``columns`` names the columns of a file that has no header; a header that says the same is taken for one. ``source``
    may name a file in a zip archive behind a ``#``.
    """

    _LATER: ClassVar[frozenset[str]] = frozenset({"group_variable", "columns"})

    source: str = Field(pattern=r"^(s3|https)://.+")
    separator: str = Field(default=",", min_length=1, max_length=1)
    columns: tuple[str, ...] = ()
    label: Label
    features: tuple[str, ...] = Field(min_length=1)
    facets: tuple[Facet, ...] = Field(min_length=1)
    group_variable: str | None = None
    split: Split
    expectations: tuple[Expectation, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _features_leak_nothing(self) -> Data:
        forbidden = {self.label.column, *(facet.name_or_index for facet in self.facets if not facet.is_feature)}
        leaked = sorted(forbidden.intersection(self.features))
        if leaked:
            raise ValueError(
                f"features must not contain the label or a facet: {', '.join(leaked)} (a facet that is no attribute of "
                "a person may say is_feature: true)"
            )
        if len(set(self.features)) != len(self.features):
            raise ValueError("features must not repeat a column")
        return self

    @model_validator(mode="after")
    def _group_variable_is_no_outcome(self) -> Data:
        if self.group_variable in {self.label.column, *(facet.name_or_index for facet in self.facets)}:
            raise ValueError(f"group_variable {self.group_variable!r} must not be the label or a facet")
        return self

    @property
    def holdout_columns(self) -> tuple[str, ...]:
        """The columns of holdout_labels.csv: the label, each facet, and the group variable if there is one."""
        facets = dict.fromkeys(facet.name_or_index for facet in self.facets)
        return (self.label.column, *facets, *((self.group_variable,) if self.group_variable else ()))


class Training(Declared):
    """The training job, in SageMaker's words."""

    image: str
    program: str = "train.py"
    instance_type: str = "ml.m5.large"
    instance_count: int = Field(default=1, ge=1, le=1)
    volume_size_gb: int = Field(default=10, ge=1, le=1024)
    max_runtime_seconds: int = Field(default=1800, ge=60, le=86400)
    hyperparameters: dict[str, str | int | float | bool] = {}


class Explainability(Declared):
    """How predictions are explained: by Shapley values of a seeded sample of held-out rows.

    Attributes:
        method: ``contributions`` if inference.py answers the model's own when MODEL_GOVERNANCE_OUTPUT says so;
            ``kernel`` for any model, by asking it for many rows.
        sample_rows: How many rows are explained.
        background_rows: How many training rows stand for a feature that is taken away (``kernel``).
        coalitions: How many sets of features are tried for a row (``kernel``).
        max_runtime_seconds: After that long the job is stopped and the run fails.
        seed: Of every draw.
    """

    method: Literal["contributions", "kernel"] = "kernel"
    sample_rows: int = Field(default=100, ge=2, le=10_000)
    background_rows: int = Field(default=5, ge=1, le=100)
    coalitions: int = Field(default=200, ge=2, le=10_000)
    max_runtime_seconds: int = Field(default=600, ge=1, le=86400)
    seed: int = Field(default=0, ge=0, lt=2**32)


class Limit(Declared):
    """A limit on a metric, fixed before the model exists."""

    metric: str
    facet: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    severity: Literal["fail", "warning"] = "fail"

    @model_validator(mode="after")
    def _has_a_bound(self) -> Limit:
        if self.minimum is None and self.maximum is None:
            raise ValueError("a limit needs a minimum, a maximum or both")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} exceeds maximum {self.maximum}")
        return self


class EndpointSize(Declared):
    """The instances behind an endpoint."""

    instance_type: str = "ml.m5.large"
    instance_count: int = Field(default=1, ge=1, le=10)


class Deployment(Declared):
    """How the model is served in test and in production, and what it must answer there."""

    test: EndpointSize = EndpointSize()
    production: EndpointSize = EndpointSize()
    sample_rows: int = Field(default=20, ge=1, le=1000)
    parity_tolerance: float = Field(default=1e-6, gt=0, le=0.01)


class UseCase(Declared):
    """A use case: purpose, people, risk, data, training, limits, deployment and schedule.

    ``decision_threshold`` turns the model's probability into a predicted label: positive at or above it, in (0, 1).
    """

    _LATER: ClassVar[frozenset[str]] = frozenset({"explainability"})

    name: Name
    title: str = Field(max_length=256)
    purpose: str = Field(max_length=2048)
    problem_type: ProblemType = ProblemType.BINARY_CLASSIFICATION
    algorithm: str = Field(max_length=1024)
    owner: PersonId
    author: PersonId
    business: Business
    intended_uses: str = Field(max_length=2048)
    factors_affecting_model_efficiency: str = Field(default="", max_length=2048)
    ethical_considerations: str = Field(default="", max_length=2048)
    datazone: DataZone
    risk: RiskAnswers
    approvers: dict[Literal["use_case", "governance", "production"], tuple[PersonId, ...]] = {}
    data: Data
    training: Training
    decision_threshold: float = Field(default=0.5, gt=0, lt=1)
    limits: tuple[Limit, ...] = Field(min_length=1)
    explainability: Explainability = Explainability()
    deployment: Deployment = Deployment()
    schedule: str | None = None
    retrain_on: tuple[str, ...] = ()

    @field_validator("schedule")
    @classmethod
    def _five_fields(cls, schedule: str | None) -> str | None:
        if schedule is not None and not re.fullmatch(r"(\S+\s+){4}\S+", schedule.strip()):
            raise ValueError(f"schedule {schedule!r} is not a cron expression of five fields")
        return schedule

    @model_validator(mode="after")
    def _label_fits_the_problem(self) -> UseCase:
        label, problem = self.data.label, self.problem_type
        if label.problem_type is not problem:
            raise ValueError(
                f"problem_type {problem} does not fit the label, which is one of {label.problem_type}: a regression's "
                "has threshold: true and in positive the number above which it is favourable; several classes are "
                "listed in classes, and some of them in positive; a binary label has neither"
            )
        if problem is ProblemType.BINARY_CLASSIFICATION and len(label.favourable) != 1:
            raise ValueError("a binary label has one positive value; for more, list all values in classes")
        return self

    @model_validator(mode="after")
    def _limits_name_known_facets(self) -> UseCase:
        known = {facet.name_or_index for facet in self.data.facets}
        for limit in self.limits:
            if limit.facet is not None and limit.facet not in known:
                raise ValueError(f"limit on {limit.metric} names facet {limit.facet!r}; declared: {sorted(known)}")
        return self

    @property
    def digest(self) -> str:
        """Sha256 of the declaration's canonical JSON, in hex: changes whenever any declared value does."""
        return digest(self.model_dump(mode="json"))


def parse_use_case(text: str, *, file: str, folder: str) -> UseCase:
    """A use case from the text of its use_case.yaml.

    Args:
        text: The YAML.
        file: How to call the file in an error.
        folder: The folder's name, which the use case must bear.

    Raises:
        UseCaseInvalid: Naming file, field and reason of each fault.
    """
    use_case = read_declaration(UseCase, text, file=file, refusal=UseCaseInvalid)
    if use_case.name != folder:
        raise UseCaseInvalid(f"{file}: name: {use_case.name!r} must be the folder's name, {folder!r}")
    return use_case
