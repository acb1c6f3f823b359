"""What endpoints are made of: configurations and models; apart because both outlive an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model_governance.errors import RecordConflict, RecordMissing, RequestRefused
from model_governance.hooks.aws import calling


@dataclass(frozen=True)
class EndpointConfigs:
    """Endpoint configurations and models of one environment.

    Attributes:
        client: A boto3 client of SageMaker.
    """

    client: Any

    def has_model(self, name: str) -> bool:
        """Whether there is a model (not a model package) of that name."""
        return is_there(f"DescribeModel {name}", lambda: self.client.describe_model(ModelName=name))

    def exists(self, name: str) -> bool:
        """Whether there is an endpoint configuration of that name."""
        return is_there(
            f"DescribeEndpointConfig {name}", lambda: self.client.describe_endpoint_config(EndpointConfigName=name)
        )

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

    def ensure_model(self, name: str, package: str, role: str, tags: Mapping[str, str]) -> None:
        """Makes a model of a model package, unless there is one of that name.

        Raises:
            RequestRefused: The registry does not let the package be deployed, approved as it is not.
            AccessRefused, ServiceUnavailable: As SageMaker answers.
        """
        if self.has_model(name):
            self._refuse_other_model(name, package)
            return
        make(
            f"CreateModel {name}",
            lambda: self.client.create_model(
                ModelName=name,
                PrimaryContainer={"ModelPackageName": package},
                ExecutionRoleArn=role,
                Tags=tag_list(tags),
            ),
        )

    def ensure(
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
        if self.exists(name):
            self._refuse_other_variants(name, variants)
            return
        captured = {"DataCaptureConfig": dict(capture)} if capture else {}
        make(
            f"CreateEndpointConfig {name}",
            lambda: self.client.create_endpoint_config(
                EndpointConfigName=name,
                ProductionVariants=[dict(each) for each in variants],
                Tags=tag_list(tags),
                **captured,
            ),
        )

    def delete(self, name: str) -> bool:
        """Deletes the endpoint configuration; False if there is none."""
        return is_there(
            f"DeleteEndpointConfig {name}", lambda: self.client.delete_endpoint_config(EndpointConfigName=name)
        )

    def delete_model(self, name: str) -> bool:
        """Deletes the model (not the model package); False if there is none."""
        return is_there(f"DeleteModel {name}", lambda: self.client.delete_model(ModelName=name))

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


def make(action: str, call: Callable[[], Any]) -> None:
    """Makes something, and leaves it as it is where another was first.

    Args:
        action: What is called and for what, such as ``CreateModel m-1``.
        call: Makes the call.

    Raises:
        RecordMissing, AccessRefused, ServiceUnavailable, RequestRefused: As SageMaker answers.
    """
    try:
        with calling("sagemaker", action):
            call()
    except RecordConflict:
        return


def is_there(action: str, call: Callable[[], Any]) -> bool:
    """Whether what the call is about was there.

    Raises:
        AccessRefused, ServiceUnavailable, RequestRefused: As SageMaker answers.
    """
    try:
        with calling("sagemaker", action):
            call()
    except RecordMissing:
        return False
    return True


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as SageMaker takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _served_by(variant: Mapping[str, Any]) -> tuple[str, str, float]:
    return variant["VariantName"], variant["ModelName"], float(variant.get("InitialVariantWeight", 1))
