"""What may stand in a model card, apart from the actions on cards: the sections and limits of SageMaker's schema.

Follows AWS's "model card JSON schema". Where the published schema means a limit but is written so that a validator
enforces none (``maxContains`` without ``contains``, ``maxItems`` beside ``$ref``, an unanchored pattern), the limit
meant is enforced here.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from sagemaker_server.errors import ValidationException

_MOST_FAULTS_SHOWN = 10

Text63 = Annotated[str, StringConstraints(max_length=63)]
Text1024 = Annotated[str, StringConstraints(max_length=1024)]
Text2048 = Annotated[str, StringConstraints(max_length=2048)]
Name63 = Annotated[str, StringConstraints(min_length=1, max_length=63)]
Name255 = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Locations = Annotated[list[Text1024], Field(max_length=15)]
Number = Annotated[int | float, Field(allow_inf_nan=False)]
Row = Annotated[list[Number], Field(min_length=1, max_length=20)]


class Section(BaseModel):
    """Part of a card: nothing but what the schema names, and no value turned into another type."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _says_something(cls, section: Any) -> Any:
        nothing = [name for name, value in section.items() if value is None] if isinstance(section, dict) else []
        if nothing:
            raise ValueError(f"{', '.join(nothing)} must not be null: leave it out")
        return section


class PackageOverview(Section):
    """The overview that a package's card has."""

    model_creator: Text1024 | None = None
    model_artifact: Locations | None = None


class InferenceEnvironment(Section):
    """Where the model answers."""

    container_image: Locations | None = None


class Overview(PackageOverview):
    """The overview that a standalone card has."""

    model_description: Text1024 | None = None
    model_owner: Text1024 | None = None
    problem_type: str | None = None
    algorithm_type: Text1024 | None = None
    model_id: Text1024 | None = None
    model_name: Text1024 | None = None
    model_version: Annotated[int | float, Field(ge=1)] | None = None
    inference_environment: InferenceEnvironment | None = None


class IntendedUses(Section):
    """What the model is for, and how risky that is."""

    purpose_of_model: Text2048 | None = None
    intended_uses: Text2048 | None = None
    factors_affecting_model_efficiency: Text2048 | None = None
    risk_rating: Literal["High", "Medium", "Low", "Unknown"] | None = None
    explanations_for_risk_rating: Text2048 | None = None


class BusinessDetails(Section):
    """Why the organisation wants the model."""

    business_problem: Text2048 | None = None
    business_stakeholders: Text2048 | None = None
    line_of_business: Text2048 | None = None


class Objective(Section):
    """What training makes as large or as small as it can."""

    function: Literal["Maximize", "Minimize"] | None = None
    facet: Text63 | None = None
    condition: Text63 | None = None


class ObjectiveFunction(Section):
    """The objective and a note on it."""

    function: Objective | None = None
    notes: Text1024 | None = None


class TrainingMetric(Section):
    """A number from training."""

    name: Name255
    value: Number
    notes: Text1024 | None = None


class HyperParameter(Section):
    """A hyperparameter."""

    name: Name255
    value: Annotated[str, StringConstraints(max_length=255)] | None = None


class TrainingEnvironment(Section):
    """Where the model was trained."""

    container_image: Locations | None = None


class TrainingJobDetails(Section):
    """The training job."""

    training_arn: Text1024 | None = None
    training_datasets: Locations | None = None
    training_environment: TrainingEnvironment | None = None
    training_metrics: Annotated[list[TrainingMetric], Field(max_length=50)] | None = None
    user_provided_training_metrics: Annotated[list[TrainingMetric], Field(max_length=50)] | None = None
    hyper_parameters: Annotated[list[HyperParameter], Field(max_length=100)] | None = None
    user_provided_hyper_parameters: Annotated[list[HyperParameter], Field(max_length=100)] | None = None


class TrainingDetails(Section):
    """How the model was trained."""

    objective_function: ObjectiveFunction | None = None
    training_observations: Text1024 | None = None
    training_job_details: TrainingJobDetails | None = None


class SimpleMetric(Section):
    """A metric with one value."""

    name: Name255
    type: Literal["number", "string", "boolean"]
    value: bool | Number | Text63
    notes: Text1024 | None = None
    x_axis_name: Text63 | None = None
    y_axis_name: Text63 | None = None


class LinearGraph(Section):
    """A metric drawn as a line through points [x, y]."""

    name: Name255
    type: Literal["linear_graph"]
    value: Annotated[list[Annotated[list[Number], Field(min_length=2, max_length=2)]], Field(min_length=1)]
    notes: Text1024 | None = None
    x_axis_name: Text63 | None = None
    y_axis_name: Text63 | None = None


class BarChart(Section):
    """A metric drawn as bars, each with a name on the x axis."""

    name: Name255
    type: Literal["bar_chart"]
    value: Annotated[list[Number], Field(min_length=1)]
    notes: Text1024 | None = None
    x_axis_name: list[Text63] | None = None
    y_axis_name: Text63 | None = None


class Matrix(Section):
    """A metric drawn as a table of at most 20 by 20 numbers."""

    name: Name255
    type: Literal["matrix"]
    value: Annotated[list[Row], Field(min_length=1, max_length=20)]
    notes: Text1024 | None = None
    x_axis_name: list[Text63] | None = None
    y_axis_name: list[Text63] | None = None


class MetricGroup(BaseModel):
    """Metrics that belong together; the schema lets a group hold more than it names."""

    model_config = ConfigDict(extra="allow", strict=True)

    name: Name63
    metric_data: list[Annotated[SimpleMetric | LinearGraph | BarChart | Matrix, Field(discriminator="type")]]


class Evaluation(Section):
    """One evaluation of the model."""

    name: Name63
    evaluation_observation: Annotated[str, StringConstraints(max_length=2096)] | None = None
    evaluation_job_arn: Annotated[str, StringConstraints(max_length=256)] | None = None
    datasets: Annotated[list[Text1024], Field(max_length=10)] | None = None
    metadata: dict[str, Text1024] | None = None
    metric_groups: list[MetricGroup] = []


class AdditionalInformation(Section):
    """What has no place elsewhere."""

    ethical_considerations: Text2048 | None = None
    caveats_and_recommendations: Text2048 | None = None
    custom_details: dict[str, Text1024] | None = None


class PackageCardContent(Section):
    """The content of a package's card."""

    model_overview: PackageOverview | None = None
    intended_uses: IntendedUses | None = None
    business_details: BusinessDetails | None = None
    training_details: TrainingDetails | None = None
    evaluation_details: list[Evaluation] = []
    additional_information: AdditionalInformation | None = None


class CardContent(PackageCardContent):
    """The content of a standalone card."""

    model_overview: Overview | None = None
    model_package_details: dict[str, Any] | None = None


def check_content(text: str, schema: type[PackageCardContent]) -> dict[str, Any]:
    """The content as JSON, once it keeps the schema.

    Args:
        text: The content as sent, JSON in a string.
        schema: ``CardContent`` for a standalone card, ``PackageCardContent`` for a package's.

    Raises:
        ValidationException: It is not JSON, or breaks the schema; at most ten faults are named.
    """
    try:
        content = json.loads(text, parse_constant=_no_constant)
        schema.model_validate(content)
    except ValidationError as found:
        faults = [f"{'.'.join(map(str, fault['loc'])) or '(root)'}: {fault['msg']}" for fault in found.errors()]
        more = f"; and {len(faults) - _MOST_FAULTS_SHOWN} more" if len(faults) > _MOST_FAULTS_SHOWN else ""
        raise ValidationException(
            f"Model card content does not keep the model card schema: {'; '.join(faults[:_MOST_FAULTS_SHOWN])}{more}"
        ) from None
    except (ValueError, RecursionError):
        raise ValidationException("Model card content is not JSON.") from None
    kept: dict[str, Any] = content
    return kept


def _no_constant(name: str) -> Any:
    raise ValueError(name)
