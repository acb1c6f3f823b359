"""Endpoints: how one is doing, what it answers, which configuration it serves, and its removal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from model_governance.errors import RecordMissing
from model_governance.hooks.aws import calling
from model_governance.hooks.endpoint_configs import EndpointConfigs, is_there, make, tag_list


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

    def has_changed_since(self, moment: datetime) -> bool:
        """Whether SageMaker says when it was changed last, and that was after a moment."""
        return self.changed is not None and self.changed > moment

    def has_failed_since(self, moment: datetime) -> bool:
        """Whether SageMaker says why it failed, or why its last update did, and that was after a moment."""
        return bool(self.failure_reason) and self.has_changed_since(moment)


@dataclass(frozen=True)
class Endpoints:
    """Endpoints of one environment.

    Attributes:
        client: A boto3 client of SageMaker.
        runtime: A boto3 client of the SageMaker runtime.
    """

    client: Any
    runtime: Any

    @property
    def configs(self) -> EndpointConfigs:
        """What they are made of."""
        return EndpointConfigs(self.client)

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

    def create(self, name: str, config: str, tags: Mapping[str, str]) -> None:
        """Has a new endpoint serve a configuration; it takes a while. One that is there already is left as it is.

        Raises:
            RecordMissing: There is no such configuration.
            AccessRefused, ServiceUnavailable, RequestRefused: As SageMaker answers.
        """
        make(
            f"CreateEndpoint {name}",
            lambda: self.client.create_endpoint(EndpointName=name, EndpointConfigName=config, Tags=tag_list(tags)),
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
        return is_there(f"DeleteEndpoint {name}", lambda: self.client.delete_endpoint(EndpointName=name))
