"""The data of a use case as its team declares it: source, label, facets, features, expectations, split.

Apart from ``use_case``, which it is part of, because the evaluation reads this and nothing else of a declaration.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from model_governance.domain.cells import canonical_cell
from model_governance.domain.declaration import Declared


class ProblemType(StrEnum):
    """What the model predicts: a probability, a probability for each class, or a number."""

    BINARY_CLASSIFICATION = "binary_classification"
    MULTICLASS_CLASSIFICATION = "multiclass_classification"
    REGRESSION = "regression"

    @property
    def section(self) -> str:
        """Where a Model Monitor report has its metrics, such as ``regression_metrics``."""
        return f"{self.value}_metrics"


def _value(value: Any) -> Any:
    """A value that a cell can have, as it was declared.

    Raises:
        ValueError: It stands for a missing one, or YAML took a word for true or false.
    """
    if isinstance(value, bool):
        raise ValueError(f"{value} is what YAML makes of yes, no, on, off, true and false: put the word in quotes")
    if isinstance(value, str) and canonical_cell(value) == "":
        raise ValueError(f"{value!r} stands for a missing value, which is a group of its own; give the value a name")
    return value


Value = Annotated[int | float | str, BeforeValidator(_value)]


class Label(Declared):
    """The column to predict, and what counts as the favourable outcome in it.

    ``positive`` is the favourable value, several of them (a label of many categories), or, with ``threshold: true``,
    the number strictly above which a numeric label is favourable. ``classes`` are all the values of a label of several
    classes, in the order in which the model answers their probabilities.
    """

    _LATER: ClassVar[frozenset[str]] = frozenset({"threshold", "classes"})

    column: str
    positive: Value | Annotated[tuple[Value, ...], Field(min_length=1)]
    threshold: bool = False
    classes: tuple[Value, ...] = ()

    @model_validator(mode="after")
    def _threshold_is_a_number(self) -> Label:
        if self.threshold and not isinstance(self.positive, int | float):
            raise ValueError(f"a label's threshold is one number, not {self.positive!r}")
        return self

    @model_validator(mode="after")
    def _favourable_classes_are_some_of_them(self) -> Label:
        classes = {canonical_cell(str(value)) for value in self.classes}
        if self.classes and (
            self.threshold
            or len(classes) < max(2, len(self.classes))
            or not {canonical_cell(str(value)) for value in self.favourable} < classes
        ):
            raise ValueError(
                f"classes {self.classes!r}: at least two values, each its own (1, 1.0 and '1' are one), some but not "
                "all of them in positive, and no threshold"
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
    value_or_threshold: tuple[Value, ...] = ()
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

    @field_validator("kwargs")
    @classmethod
    def _sets_have_an_order(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        """A YAML set as a list, the same in every process: digests and reports are made of it."""
        return {key: _in_order(value) for key, value in kwargs.items()}


def _in_order(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value, key=lambda item: (type(item).__name__, str(item)))
    if isinstance(value, dict):
        return {key: _in_order(item) for key, item in value.items()}
    return [_in_order(item) for item in value] if isinstance(value, list) else value


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
