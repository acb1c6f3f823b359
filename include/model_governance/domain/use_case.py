"""A use case as its team declares it in use_case.yaml: the one form that every stage reads."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from model_governance.domain.canonical import digest
from model_governance.domain.data import Data, ProblemType
from model_governance.domain.declaration import Declared, read_declaration
from model_governance.domain.deployment import Deployment
from model_governance.domain.monitoring import Monitoring, monitoring_faults
from model_governance.domain.traffic import Traffic
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
    """A limit on a metric, fixed before the model exists.

    On a metric of bias it holds for each comparison, on one of model quality for all rows. With a ``facet`` it holds
    for that facet's comparisons or, of model quality, for each of that facet's groups by itself; with a ``value`` for
    one of them: a value of the facet, an interval such as ``(40, inf)``, ``other than 0``, or ``missing``.
    """

    _LATER: ClassVar[frozenset[str]] = frozenset({"value"})

    metric: str
    facet: str | None = None
    value: int | float | str | None = None
    minimum: float | None = None
    maximum: float | None = None
    severity: Literal["fail", "warning"] = "fail"

    @model_validator(mode="after")
    def _has_a_bound(self) -> Limit:
        if self.value is not None and self.facet is None:
            raise ValueError(f"a limit on the value {self.value!r} needs the facet that has it")
        if self.minimum is None and self.maximum is None:
            raise ValueError("a limit needs a minimum, a maximum or both")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} exceeds maximum {self.maximum}")
        return self


class UseCase(Declared):
    """A use case: purpose, people, risk, data, training, limits, deployment and schedule.

    ``decision_threshold`` turns the model's probability into a predicted label: positive at or above it, in (0, 1).
    """

    _LATER: ClassVar[frozenset[str]] = frozenset({"explainability", "monitoring", "traffic"})

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
    traffic: Traffic = Traffic()
    schedule: str | None = None
    retrain_on: tuple[str, ...] = ()
    monitoring: Monitoring | None = None

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

    @model_validator(mode="after")
    def _monitoring_fits(self) -> UseCase:
        faults = monitoring_faults(self.monitoring, self.problem_type, self.data) if self.monitoring else []
        if faults:
            raise ValueError(f"monitoring: {'; '.join(faults)}")
        return self

    @model_validator(mode="after")
    def _validation_fits_the_data(self) -> UseCase:
        self.deployment.validation.refuse_what_does_not_fit(self.data)
        return self

    @model_validator(mode="after")
    def _traffic_shifts_features(self) -> UseCase:
        unknown = [shift.column for shift in self.traffic.shift if shift.column not in self.data.features]
        if unknown:
            raise ValueError(f"traffic shifts {', '.join(unknown)}, which the model does not read: only features drift")
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
