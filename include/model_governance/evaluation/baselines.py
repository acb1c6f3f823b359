"""A version's registered baselines, read from their bytes or refused; apart because drift rests on these alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from model_governance.errors import EvaluationRefused

BASELINE_FILES = (
    "ModelDataQuality.Statistics",
    "ModelDataQuality.Constraints",
    "ModelQuality.Statistics",
    "ModelQuality.Constraints",
    "Bias.PreTrainingConstraints",
    "Bias.PostTrainingConstraints",
    "Explainability.Constraints",
)
"""The files by their place in ``DriftCheckBaselines``: section and field, a dot between."""


@dataclass(frozen=True)
class Baselines:
    """What a window is held to; None where the version has none.

    Attributes:
        statistics: Of the training rows' features, statistics.json.
        constraints: constraints.json beside it.
        quality: The held-out rows' report of model quality.
        quality_constraints: constraints.json beside it.
        bias: analysis.json with ``post_training_bias_metrics``.
        attributions: Mean absolute Shapley value of each feature, by label.
    """

    statistics: dict[str, Any] | None = field(default=None, repr=False)
    constraints: dict[str, Any] | None = field(default=None, repr=False)
    quality: dict[str, Any] | None = field(default=None, repr=False)
    quality_constraints: dict[str, Any] | None = field(default=None, repr=False)
    bias: dict[str, Any] | None = field(default=None, repr=False)
    attributions: dict[str, dict[str, float]] | None = None


def parse_baselines(files: Mapping[str, bytes]) -> Baselines:
    """The baselines in the bytes of the registered files.

    Args:
        files: By their names in ``BASELINE_FILES``; one that the version does not have is left out.

    Raises:
        EvaluationRefused: For another name, and for a file that is malformed: naming file and field.
    """
    unknown = sorted(set(files) - set(BASELINE_FILES))
    if unknown:
        raise EvaluationRefused(f"{unknown[0]!r} is no baseline of a version; known: {', '.join(BASELINE_FILES)}")
    read = {name: _read(name, content) for name, content in files.items()}
    statistics, constraints = read.get("ModelDataQuality.Statistics"), read.get("ModelDataQuality.Constraints")
    analysis = read.get("Explainability.Constraints")
    return Baselines(
        statistics=statistics,
        constraints=constraints,
        quality=read.get("ModelQuality.Statistics"),
        quality_constraints=read.get("ModelQuality.Constraints"),
        bias=read.get("Bias.PostTrainingConstraints"),
        attributions=None if analysis is None else _attributions(analysis),
    )


def _attributions(analysis: dict[str, Any]) -> dict[str, dict[str, float]]:
    found = analysis["explanations"]["kernel_shap"]
    return {label: dict(one["global_shap_values"]) for label, one in found.items()}


def _read(name: str, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as fault:
        raise EvaluationRefused(f"baseline {name}: is not JSON: {fault}") from None
    try:
        _FORMS[name].model_validate(found)
    except ValidationError as faults:
        first = faults.errors()[0]
        place = ".".join(map(str, first["loc"])) or "(root)"
        raise EvaluationRefused(f"baseline {name}: {place}: {first['msg']} ({faults.error_count()} in all)") from None
    checked: dict[str, Any] = found
    return checked


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


class _Form(BaseModel):
    """What a file must hold for us to read it; it may hold more."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


_Count = Annotated[float, Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Switch = Literal["Enabled", "Disabled"]


class _Common(_Form):
    num_present: _Count
    num_missing: _Count


class _Sketch(_Form):
    data: list[list[float]] = Field(min_length=1)

    @model_validator(mode="after")
    def _holds_values(self) -> _Sketch:
        if not any(self.data):
            raise ValueError("the sketch holds no values")
        return self


class _Kll(_Form):
    sketch: _Sketch


class _Numbers(_Form):
    common: _Common
    distribution: dict[Literal["kll"], _Kll]
    min: float

    @model_validator(mode="after")
    def _has_a_distribution(self) -> _Numbers:
        if not self.distribution:
            raise ValueError("distribution has no kll")
        return self


class _Bucket(_Form):
    value: str
    count: _Count


class _Categorical(_Form):
    buckets: list[_Bucket]


class _Text(_Form):
    common: _Common
    distinct_count: _Count
    distribution: dict[Literal["categorical"], _Categorical] = Field(min_length=1)


class _Feature(_Form):
    name: str
    inferred_type: str
    numerical_statistics: _Numbers | None = None
    string_statistics: _Text | None = None

    @model_validator(mode="after")
    def _is_described(self) -> _Feature:
        if self.numerical_statistics is None and self.string_statistics is None:
            raise ValueError(f"feature {self.name!r} has neither numerical_statistics nor string_statistics")
        return self


class _DataSet(_Form):
    item_count: _Count


class _Statistics(_Form):
    dataset: _DataSet
    features: list[_Feature]


class _FeatureConstraint(_Form):
    name: str
    inferred_type: str
    completeness: _Share


class _Distribution(_Form):
    perform_comparison: _Switch


class _Monitoring(_Form):
    evaluate_constraints: _Switch
    datatype_check_threshold: _Share
    domain_content_threshold: _Share
    distribution_constraints: _Distribution


class _Constraints(_Form):
    features: list[_FeatureConstraint] = Field(min_length=1)
    monitoring_config: _Monitoring


class _Threshold(_Form):
    threshold: float
    comparison_operator: Literal["LessThanThreshold", "GreaterThanThreshold"]


class _QualityConstraints(_Form):
    binary_classification_constraints: dict[str, _Threshold] | None = None
    multiclass_classification_constraints: dict[str, _Threshold] | None = None
    regression_constraints: dict[str, _Threshold] | None = None

    @model_validator(mode="after")
    def _is_of_a_problem(self) -> _QualityConstraints:
        if not (
            self.binary_classification_constraints
            or self.multiclass_classification_constraints
            or self.regression_constraints
        ):
            raise ValueError("there are constraints of no problem type")
        return self


class _Quality(_Form):
    binary_classification_metrics: dict[str, dict[str, Any]] | None = None
    multiclass_classification_metrics: dict[str, dict[str, Any]] | None = None
    regression_metrics: dict[str, dict[str, Any]] | None = None


class _Metric(_Form):
    name: str
    value: float | None


class _Entry(_Form):
    value_or_threshold: str | float | int
    metrics: list[_Metric]


class _Section(_Form):
    facets: dict[str, list[_Entry]] = Field(min_length=1)


class _PreTrainingBias(_Form):
    pre_training_bias_metrics: _Section


class _PostTrainingBias(_Form):
    post_training_bias_metrics: _Section


class _Explained(_Form):
    global_shap_values: dict[str, Annotated[float, Field(ge=0)]] = Field(min_length=1)


class _Explanations(_Form):
    kernel_shap: dict[str, _Explained] = Field(min_length=1)


class _Analysis(_Form):
    explanations: _Explanations


_FORMS: dict[str, type[_Form]] = {
    "ModelDataQuality.Statistics": _Statistics,
    "ModelDataQuality.Constraints": _Constraints,
    "ModelQuality.Statistics": _Quality,
    "ModelQuality.Constraints": _QualityConstraints,
    "Bias.PreTrainingConstraints": _PreTrainingBias,
    "Bias.PostTrainingConstraints": _PostTrainingBias,
    "Explainability.Constraints": _Analysis,
}
