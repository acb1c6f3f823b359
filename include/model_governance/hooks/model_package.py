"""A model package as the registry says is, in SageMaker's words; apart from what fetches and changes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from model_governance.domain.deployment import Environment


class ApprovalStatus(StrEnum):
    """SageMaker's ``ModelApprovalStatus``."""

    APPROVED = "Approved"
    REJECTED = "Rejected"
    PENDING = "PendingManualApproval"


class RegistrationType(StrEnum):
    """SageMaker's ``ModelPackageRegistrationType``: a candidate on record, or a version on offer."""

    LOGGED = "Logged"
    REGISTERED = "Registered"


class StageStatus(StrEnum):
    """The statuses that our life-cycle stages take; SageMaker leaves them free."""

    PENDING = "PendingApproval"
    APPROVED = "Approved"
    REJECTED = "Rejected"
    DEPLOYING = "Deploying"
    DEPLOYED = "Deployed"
    FAILED = "Failed"
    SUPERSEDED = "Superseded"
    REPLACED = "Replaced"
    ROLLED_BACK = "RolledBack"
    STOPPED = "Stopped"
    RETIRED = "Retired"


PRODUCTION_STAGE = Environment.PRODUCTION.value
TEST_STAGE = Environment.TEST.value
RETIRED_STAGE = "Retired"

IN_PRODUCTION = frozenset(
    {StageStatus.DEPLOYED, StageStatus.REPLACED, StageStatus.ROLLED_BACK, StageStatus.STOPPED, StageStatus.RETIRED}
)
"""What became of a version in production: no later failure of a task takes its place."""


@dataclass(frozen=True)
class ModelPackage:
    """A version of a model, as the registry says it is now.

    Attributes:
        arn: Its ARN.
        group: Name of its group, which is the use case's.
        version: Its number in the group, from 1.
        registration_type: Logged or Registered; empty where the registry says neither.
        approval_status: SageMaker's ``ModelApprovalStatus``.
        approval_description: Why, by whoever set it.
        stage: Life-cycle stage; empty before the first.
        stage_status: Status within the stage.
        stage_description: Why, by whoever set it.
        card: Content of its model card.
        card_status: Status of its model card.
        metadata: ``CustomerMetadataProperties``.
        model_data_url: Where the model's bytes lie; empty before training.
        image: The serving image; empty before training.
        metrics: ``ModelMetrics``.
        modified: When it was last changed (created, if never), aware.
    """

    arn: str
    group: str
    version: int
    registration_type: str
    approval_status: str
    approval_description: str
    stage: str
    stage_status: str
    stage_description: str
    card: Mapping[str, Any]
    card_status: str
    metadata: Mapping[str, str]
    model_data_url: str
    image: str
    metrics: Mapping[str, Any]
    modified: datetime
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)


def read_model_package(answer: Mapping[str, Any]) -> ModelPackage:
    """A model package from DescribeModelPackage's answer, or from the record that Search gives."""
    card = answer.get("ModelCard") or {}
    life_cycle = answer.get("ModelLifeCycle") or {}
    containers = (answer.get("InferenceSpecification") or {}).get("Containers") or [{}]
    content = card.get("ModelCardContent") or "{}"
    return ModelPackage(
        arn=answer["ModelPackageArn"],
        group=answer.get("ModelPackageGroupName", ""),
        version=answer.get("ModelPackageVersion", 0),
        registration_type=answer.get("ModelPackageRegistrationType", ""),
        approval_status=answer.get("ModelApprovalStatus", ""),
        approval_description=answer.get("ApprovalDescription", ""),
        stage=life_cycle.get("Stage", ""),
        stage_status=life_cycle.get("StageStatus", ""),
        stage_description=life_cycle.get("StageDescription", ""),
        card=json.loads(content),
        card_status=card.get("ModelCardStatus", ""),
        metadata=answer.get("CustomerMetadataProperties") or {},
        model_data_url=containers[0].get("ModelDataUrl", ""),
        image=containers[0].get("Image", ""),
        metrics=answer.get("ModelMetrics") or {},
        modified=answer.get("LastModifiedTime") or answer["CreationTime"],
        raw=answer,
    )
