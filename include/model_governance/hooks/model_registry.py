"""The model registry: model package groups and packages, found, registered and changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from model_governance.domain.canonical import canonical_json
from model_governance.domain.sharing import shared_with
from model_governance.errors import RecordConflict, RecordMissing, RequestRefused
from model_governance.hooks.aws import calling
from model_governance.hooks.model_package import (
    IN_PRODUCTION,
    PRODUCTION_STAGE,
    RETIRED_STAGE,
    TEST_STAGE,
    ApprovalStatus,
    ModelPackage,
    RegistrationType,
    StageStatus,
    read_model_package,
)
from model_governance.hooks.search import search

__all__ = [
    "IN_PRODUCTION",
    "PRODUCTION_STAGE",
    "RETIRED_STAGE",
    "TEST_STAGE",
    "ApprovalStatus",
    "ModelPackage",
    "ModelRegistry",
    "RegistrationType",
    "StageStatus",
    "stage_description",
]

_NEWEST_LOOKED_AT = 10
_DESCRIPTION_LIMIT = 1024


@dataclass(frozen=True)
class ModelRegistry:
    """Model package groups and packages.

    Attributes:
        client: A boto3 client of SageMaker.
    """

    client: Any

    def ensure_group(self, name: str, description: str, tags: Mapping[str, str]) -> None:
        """Creates the group unless it exists.

        Args:
            name: The group's name.
            description: What it holds, at most 1024 characters.
            tags: Among them ``model-governance:approved-card``, without which the pipeline's policy refuses.

        Raises:
            AccessRefused, ServiceUnavailable, RequestRefused: As the registry answers.
        """
        try:
            with calling("sagemaker", f"CreateModelPackageGroup {name}"):
                self.client.create_model_package_group(
                    ModelPackageGroupName=name,
                    ModelPackageGroupDescription=description[:_DESCRIPTION_LIMIT],
                    Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
                )
        except RecordConflict:
            return

    def share_group(self, name: str, accounts: Sequence[str]) -> None:
        """Lets other accounts see the group's versions and make models of those that are approved.

        What somebody else has written into the group's policy, a Deny among it, stays there.

        Args:
            name: The group's name.
            accounts: 12 digits each; none: the policy is left as it is.

        Raises:
            AccessRefused, ServiceUnavailable, RequestRefused: As the registry answers.
        """
        if not accounts:
            return
        with calling("sagemaker", f"DescribeModelPackageGroup {name}"):
            arn = self.client.describe_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"]
        present = self._group_policy(name)
        wanted = shared_with(arn, accounts, present)
        if wanted == present:
            return
        with calling("sagemaker", f"PutModelPackageGroupPolicy {name}"):
            self.client.put_model_package_group_policy(ModelPackageGroupName=name, ResourcePolicy=json.dumps(wanted))

    def _group_policy(self, name: str) -> dict[str, Any]:
        """The group's resource policy; empty without one."""
        try:
            with calling("sagemaker", f"GetModelPackageGroupPolicy {name}"):
                text = self.client.get_model_package_group_policy(ModelPackageGroupName=name)["ResourcePolicy"]
        except (RecordMissing, RequestRefused):  # how AWS calls a policy that is not there is not documented
            return {}
        read: dict[str, Any] = json.loads(text)
        return read

    def group_exists(self, name: str) -> bool:
        """Whether there is such a group."""
        try:
            with calling("sagemaker", f"DescribeModelPackageGroup {name}"):
                self.client.describe_model_package_group(ModelPackageGroupName=name)
        except RecordMissing:
            return False
        return True

    def register_candidate(
        self,
        group: str,
        run_key: str,
        *,
        card: Mapping[str, Any],
        metadata: Mapping[str, str],
        metrics: Mapping[str, Any],
        baselines: Mapping[str, Any],
        description: str = "",
        source_uri: str = "",
    ) -> ModelPackage:
        """Registers a run's candidate (Logged, card Draft), or returns the one that the run has registered already.

        Args:
            group: The group's name.
            run_key: The run's key, which becomes the ClientToken.
            card: Content of the version's card.
            metadata: Further ``CustomerMetadataProperties``.
            metrics: ``ModelMetrics``, and
            baselines: ``DriftCheckBaselines``: neither can ever be changed afterwards.
            description: What it is, at most 1024 characters.
            source_uri: Where the candidate comes from, such as the DAG run's page.

        Raises:
            AccessRefused, ServiceUnavailable, RequestRefused: As the registry answers.
        """
        if (held := self.find_candidate(group, run_key)) is not None:
            return held
        request: dict[str, Any] = {
            "ModelPackageGroupName": group,
            "ModelPackageRegistrationType": RegistrationType.LOGGED.value,
            "ModelCard": {"ModelCardContent": canonical_json(card).decode(), "ModelCardStatus": "Draft"},
            "CustomerMetadataProperties": {**metadata, "run_key": run_key},
            "ModelMetrics": metrics,
            "DriftCheckBaselines": baselines,
            "ClientToken": run_key,
            **({"ModelPackageDescription": description[:_DESCRIPTION_LIMIT]} if description else {}),
            **({"SourceUri": source_uri} if source_uri else {}),
        }
        with calling("sagemaker", f"CreateModelPackage in {group}"):
            return self.describe(self.client.create_model_package(**request)["ModelPackageArn"])

    def describe(self, arn: str) -> ModelPackage:
        """The model package as it is now.

        Raises:
            RecordMissing: There is no such model package.
            AccessRefused, ServiceUnavailable: As the registry answers.
        """
        with calling("sagemaker", f"DescribeModelPackage {arn}"):
            return read_model_package(self.client.describe_model_package(ModelPackageName=arn))

    def find(self, arn: str) -> ModelPackage | None:
        """The model package, or None where somebody has deleted it.

        Raises:
            AccessRefused, ServiceUnavailable: As the registry answers.
        """
        try:
            return self.describe(arn)
        except RecordMissing:
            return None

    def find_candidate(self, group: str, run_key: str) -> ModelPackage | None:
        """The model package that a run has registered, or None.

        Search on AWS lags behind by seconds: the newest versions are looked at directly too.
        """
        for found in self._found(group):
            if found.metadata.get("run_key") == run_key:
                return self.describe(found.arn)
        for arn in self._newest(group):
            package = self.describe(arn)
            if package.metadata.get("run_key") == run_key:
                return package
        return None

    def versions(self, group: str) -> tuple[ModelPackage, ...]:
        """Every version of a group, newest first."""
        return tuple(sorted(self._found(group), key=lambda package: -package.version))

    def update_metadata(self, arn: str, metadata: Mapping[str, str]) -> None:
        """Adds or replaces ``CustomerMetadataProperties``."""
        self._update(arn, {"CustomerMetadataProperties": dict(metadata)})

    def attach_model(self, arn: str, inference_specification: Mapping[str, Any], metadata: Mapping[str, str]) -> None:
        """Gives a candidate its model after training: image, ``ModelDataUrl`` and their digests."""
        self._update(
            arn, {"InferenceSpecification": inference_specification, "CustomerMetadataProperties": dict(metadata)}
        )

    def set_registered(self, arn: str) -> None:
        """Turns a logged candidate into a registered version."""
        self._update(arn, {"ModelPackageRegistrationType": RegistrationType.REGISTERED.value})

    def set_approval(self, arn: str, status: ApprovalStatus, description: str) -> None:
        """Sets ``ModelApprovalStatus`` with its description, cut to 1024 characters."""
        self._update(
            arn, {"ModelApprovalStatus": status.value, "ApprovalDescription": _line(description, _DESCRIPTION_LIMIT)}
        )

    def set_life_cycle(self, arn: str, stage: str, status: StageStatus, description: str) -> None:
        """Sets ``ModelLifeCycle`` with its description, cut to 1024 characters."""
        self._update(
            arn,
            {
                "ModelLifeCycle": {
                    "Stage": stage,
                    "StageStatus": status.value,
                    "StageDescription": stage_description(description),
                }
            },
        )

    def set_card(self, arn: str, content: Mapping[str, Any]) -> None:
        """Replaces the content of the version's card; its status stays."""
        self._update(arn, {"ModelCard": {"ModelCardContent": canonical_json(content).decode()}})

    def set_card_status(self, arn: str, status: str) -> None:
        """Sets the status of the version's card; its content stays."""
        self._update(arn, {"ModelCard": {"ModelCardStatus": status}})

    def changed_since(self, since: datetime) -> Iterator[ModelPackage]:
        """Model packages changed at or after a time, by the registry's clock, oldest change first."""
        for record in search(self.client, "ModelPackage", since=since):
            yield read_model_package(record)

    def _update(self, arn: str, changes: Mapping[str, Any]) -> None:
        with calling("sagemaker", f"UpdateModelPackage {arn}"):
            self.client.update_model_package(ModelPackageArn=arn, **changes)

    def _found(self, group: str) -> Iterator[ModelPackage]:
        for record in search(self.client, "ModelPackage", equals={"ModelPackageGroupName": group}):
            yield read_model_package(record)

    def _newest(self, group: str) -> list[str]:
        try:
            with calling("sagemaker", f"ListModelPackages of {group}"):
                page = self.client.list_model_packages(
                    ModelPackageGroupName=group,
                    SortBy="CreationTime",
                    SortOrder="Descending",
                    MaxResults=_NEWEST_LOOKED_AT,
                )
        except RecordMissing:
            return []
        return [summary["ModelPackageArn"] for summary in page["ModelPackageSummaryList"]]


def stage_description(text: str) -> str:
    """A description as the life cycle holds it."""
    return _line(text, _DESCRIPTION_LIMIT)


def _line(text: str, limit: int) -> str:
    """The text on one line, as SageMaker's descriptions must be, and no longer than they may be."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
