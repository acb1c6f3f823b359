"""Endpoints once they stand: how one is doing, what it answers, and its removal with what it was made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from model_governance.errors import RecordConflict, RecordMissing, RequestRefused
from model_governance.hooks.aws import calling


@dataclass(frozen=True)
class Endpoint:
    """An endpoint, as SageMaker says it is now.

    Attributes:
        name: Its name.
        arn: Its ARN.
        status: SageMaker's ``EndpointStatus``, such as ``InService``.
        config: Name of its endpoint configuration.
        failure_reason: Why it failed, or why its last update did; empty otherwise.
        weights: The share of the requests that each production variant is wanted to take, relative to the others'.
        changed: When it was changed last, or failed, by SageMaker's clock; None where SageMaker does not say.
    """

    name: str
    arn: str
    status: str
    config: str
    failure_reason: str
    weights: Mapping[str, float] = field(default_factory=dict)
    changed: datetime | None = None

    @property
    def is_changing(self) -> bool:
        """Whether it has to be waited for before it can be changed."""
        return self.status not in ("InService", "Failed", "OutOfService")

    def has_failed_since(self, moment: datetime) -> bool:
        """Whether SageMaker says why it failed, or why its last update did, and that was after a moment."""
        return bool(self.failure_reason) and self.changed is not None and self.changed > moment


@dataclass(frozen=True)
class Endpoints:
    """Endpoints, their configurations and models.

    Attributes:
        client: A boto3 client of SageMaker.
        runtime: A boto3 client of the SageMaker runtime.
    """

    client: Any
    runtime: Any

    def describe(self, name: str) -> Endpoint:
        """The endpoint as it is now.

        Raises:
            RecordMissing: There is no such endpoint.
            AccessRefused, ServiceUnavailable: As SageMaker answers.
        """
        with calling("sagemaker", f"DescribeEndpoint {name}"):
            answer = self.client.describe_endpoint(EndpointName=name)
        return Endpoint(
            name=answer["EndpointName"],
            arn=answer["EndpointArn"],
            status=answer["EndpointStatus"],
            config=answer["EndpointConfigName"],
            failure_reason=answer.get("FailureReason", ""),
            weights={
                variant["VariantName"]: float(variant.get("DesiredWeight", 1))
                for variant in answer.get("ProductionVariants", ())
            },
            changed=answer.get("LastModifiedTime"),
        )

    def find(self, name: str) -> Endpoint | None:
        """The endpoint, or None if there is none."""
        try:
            return self.describe(name)
        except RecordMissing:
            return None

    def has_model(self, name: str) -> bool:
        """Whether there is a model (not a model package) of that name."""
        return self._is_there("DescribeModel", name, lambda: self.client.describe_model(ModelName=name))

    def has_config(self, name: str) -> bool:
        """Whether there is an endpoint configuration of that name."""
        return self._is_there(
            "DescribeEndpointConfig", name, lambda: self.client.describe_endpoint_config(EndpointConfigName=name)
        )

    def models_behind(self, name: str) -> tuple[str, ...]:
        """Names of the models that the endpoint's configuration serves.

        Raises:
            RecordMissing: There is no such endpoint, or its configuration is gone.
        """
        config = self.describe(name).config
        with calling("sagemaker", f"DescribeEndpointConfig {config}"):
            answer = self.client.describe_endpoint_config(EndpointConfigName=config)
        return tuple(variant["ModelName"] for variant in answer["ProductionVariants"])

    def packages_of(self, config: str) -> tuple[str, ...]:
        """ARNs of the model packages that a configuration serves; a model made of none is passed over.

        Raises:
            RecordMissing: The configuration or a model of it is gone.
            AccessRefused, ServiceUnavailable: As SageMaker answers.
        """
        with calling("sagemaker", f"DescribeEndpointConfig {config}"):
            variants = self.client.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        found = []
        for variant in variants:
            with calling("sagemaker", f"DescribeModel {variant['ModelName']}"):
                model = self.client.describe_model(ModelName=variant["ModelName"])
            containers = [model.get("PrimaryContainer") or {}, *model.get("Containers", ())]
            found += [each["ModelPackageName"] for each in containers if each.get("ModelPackageName")]
        return tuple(found)

    def invoke(self, name: str, rows: str, variant: str = "", inference_id: str = "") -> str:
        """What the endpoint answers to rows.

        Args:
            name: The endpoint.
            rows: CSV without a header, one application a line, features in the declared order.
            variant: The production variant that is asked; by default one drawn by weight.
            inference_id: What the caller calls the request, at most 64 characters: by it the truth is told later.

        Returns:
            The answer as text, one line a row.

        Raises:
            RecordMissing: There is no such endpoint.
            RequestRefused: The model did not accept the rows.
            AccessRefused, ServiceUnavailable: As SageMaker answers.
        """
        target = {"TargetVariant": variant} if variant else {}
        named = {"InferenceId": inference_id} if inference_id else {}
        with calling("sagemaker", f"InvokeEndpoint {name}"):
            answer = self.runtime.invoke_endpoint(
                EndpointName=name, ContentType="text/csv", Accept="text/csv", Body=rows.encode(), **target, **named
            )
            body: bytes = answer["Body"].read()
        return body.decode(errors="replace")

    def tag(self, name: str, key: str) -> str:
        """The value of a tag of the endpoint; empty where it has none.

        Raises:
            RecordMissing: There is no such endpoint.
            AccessRefused, ServiceUnavailable: As SageMaker answers.
        """
        arn = self.describe(name).arn
        with calling("sagemaker", f"ListTags {name}"):
            tags = self.client.list_tags(ResourceArn=arn)["Tags"]
        return next((str(each["Value"]) for each in tags if each["Key"] == key), "")

    def set_tag(self, name: str, key: str, value: str) -> None:
        """Gives the endpoint a tag, for those who look at it in a console.

        Raises:
            RecordMissing: There is no such endpoint.
            AccessRefused, ServiceUnavailable: As SageMaker answers.
        """
        arn = self.describe(name).arn
        with calling("sagemaker", f"AddTags {name}"):
            self.client.add_tags(ResourceArn=arn, Tags=[{"Key": key, "Value": value[:256]}])

    def ensure_model(self, name: str, package: str, role: str, tags: Mapping[str, str]) -> None:
        """Makes a model of a model package, unless there is one of that name.

        Raises:
            RequestRefused: The registry does not let the package be deployed, approved as it is not.
            AccessRefused, ServiceUnavailable: As SageMaker answers.
        """
        if self.has_model(name):
            self._refuse_other_model(name, package)
            return
        self._make(
            "CreateModel",
            name,
            lambda: self.client.create_model(
                ModelName=name,
                PrimaryContainer={"ModelPackageName": package},
                ExecutionRoleArn=role,
                Tags=_tags(tags),
            ),
        )

    def ensure_config(
        self, name: str, variants: Sequence[Mapping[str, Any]], capture: Mapping[str, Any], tags: Mapping[str, str]
    ) -> None:
        """Makes an endpoint configuration, unless there is one of that name.

        Args:
            name: Its name.
            variants: ``ProductionVariants``.
            capture: ``DataCaptureConfig``; empty for none.
            tags: Its tags.

        Raises:
            AccessRefused, ServiceUnavailable, RequestRefused: As SageMaker answers.
        """
        if self.has_config(name):
            self._refuse_other_variants(name, variants)
            return
        captured = {"DataCaptureConfig": dict(capture)} if capture else {}
        self._make(
            "CreateEndpointConfig",
            name,
            lambda: self.client.create_endpoint_config(
                EndpointConfigName=name,
                ProductionVariants=[dict(each) for each in variants],
                Tags=_tags(tags),
                **captured,
            ),
        )

    def create(self, name: str, config: str, tags: Mapping[str, str]) -> None:
        """Has a new endpoint serve a configuration; it takes a while. One that is there already is left as it is.

        Raises:
            RecordMissing: There is no such configuration.
            AccessRefused, ServiceUnavailable, RequestRefused: As SageMaker answers.
        """
        self._make(
            "CreateEndpoint",
            name,
            lambda: self.client.create_endpoint(EndpointName=name, EndpointConfigName=config, Tags=_tags(tags)),
        )

    def shift(self, name: str, weights: Mapping[str, float]) -> None:
        """Gives production variants another share of the requests; it takes a moment.

        Raises:
            RecordMissing: There is no such endpoint.
            AccessRefused, ServiceUnavailable, RequestRefused: As SageMaker answers.
        """
        wanted = [{"VariantName": variant, "DesiredWeight": weight} for variant, weight in weights.items()]
        with calling("sagemaker", f"UpdateEndpointWeightsAndCapacities {name}"):
            self.client.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wanted)

    def update(self, name: str, config: str) -> None:
        """Has the endpoint serve another configuration; it takes a while, during which the present one serves.

        Raises:
            RecordMissing: There is no such endpoint or configuration.
            AccessRefused, ServiceUnavailable: As SageMaker answers.
        """
        with calling("sagemaker", f"UpdateEndpoint {name}"):
            self.client.update_endpoint(EndpointName=name, EndpointConfigName=config)

    def delete(self, name: str) -> bool:
        """Deletes the endpoint; False if there is none."""
        return self._is_there("DeleteEndpoint", name, lambda: self.client.delete_endpoint(EndpointName=name))

    def delete_config(self, name: str) -> bool:
        """Deletes the endpoint configuration; False if there is none."""
        return self._is_there(
            "DeleteEndpointConfig", name, lambda: self.client.delete_endpoint_config(EndpointConfigName=name)
        )

    def delete_model(self, name: str) -> bool:
        """Deletes the model (not the model package); False if there is none."""
        return self._is_there("DeleteModel", name, lambda: self.client.delete_model(ModelName=name))

    def _refuse_other_model(self, name: str, package: str) -> None:
        """Raises if a model of that name is made of something else: it would serve what nobody approved."""
        with calling("sagemaker", f"DescribeModel {name}"):
            found = (self.client.describe_model(ModelName=name).get("PrimaryContainer") or {}).get("ModelPackageName")
        if found != package:
            raise RequestRefused(
                f"model {name} is there, and made of {found or 'no package'}, not of {package}: delete it"
            )

    def _refuse_other_variants(self, name: str, variants: Sequence[Mapping[str, Any]]) -> None:
        """Raises if a configuration of that name serves other models, or gives them other shares."""
        with calling("sagemaker", f"DescribeEndpointConfig {name}"):
            found = self.client.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
        if [_served_by(one) for one in found] != [_served_by(one) for one in variants]:
            models = ", ".join(str(one.get("ModelName")) for one in found)
            raise RequestRefused(f"endpoint configuration {name} is there, and serves {models} otherwise: delete it")

    def _make(self, action: str, name: str, call: Callable[[], Any]) -> None:
        """Makes something, and leaves it as it is where another was first."""
        try:
            with calling("sagemaker", f"{action} {name}"):
                call()
        except RecordConflict:
            return

    def _is_there(self, action: str, name: str, call: Any) -> bool:
        try:
            with calling("sagemaker", f"{action} {name}"):
                call()
        except RecordMissing:
            return False
        return True


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _served_by(variant: Mapping[str, Any]) -> tuple[str, str, float]:
    return variant["VariantName"], variant["ModelName"], float(variant.get("InitialVariantWeight", 1))
