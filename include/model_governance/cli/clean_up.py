"""``model-governance clean-up``: takes down what a use case made; its ledger stays, with a tombstone of each."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from model_governance.cli.terminal import console, installation
from model_governance.domain.canonical import digest
from model_governance.domain.ledger import EntryKind
from model_governance.errors import ServiceUnavailable
from model_governance.hooks.aws import calling
from model_governance.hooks.installation import Installation

_GONE_SECONDS = 60


def clean_up(
    use_case: Annotated[str, typer.Argument(help="Name of the use case.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete endpoints, models, versions, card and stored objects of a use case; keep its ledger and tombstones."""
    known = installation()
    what = Leavings.of(known, use_case)
    if what.is_empty:
        console.print(f"{use_case}: nothing to take down")
        return
    console.print(f"{use_case}: {what.sentence}", highlight=False)
    if not yes:
        typer.confirm("Take all of it down? Its ledger stays.", abort=True)
    take_down(known, what)
    console.print(
        f"{use_case}: taken down; the ledger keeps a tombstone of each (model-governance ledger show {use_case})"
    )


@dataclass(frozen=True)
class Leavings:
    """What a use case has made and is still there.

    Attributes:
        use_case: Whose.
        endpoints: Names of endpoints.
        configs: Names of endpoint configurations.
        models: Names of models.
        packages: A tombstone of each version.
        has_group: Whether the model package group is there.
        card: A tombstone of the use case's card; None without one.
        objects: Keys in the bucket, the ledger's not among them.
    """

    use_case: str
    endpoints: tuple[str, ...]
    configs: tuple[str, ...]
    models: tuple[str, ...]
    packages: tuple[dict[str, Any], ...]
    has_group: bool
    card: dict[str, Any] | None
    objects: tuple[str, ...]

    @classmethod
    def of(cls, known: Installation, use_case: str) -> Leavings:
        """What is there now.

        Raises:
            AccessRefused, ServiceUnavailable: As the services answer.
        """
        client = known.clients.client("sagemaker")
        has_group = known.registry.group_exists(use_case)
        card = known.cards.find(use_case)
        return cls(
            use_case=use_case,
            endpoints=_named(client, "list_endpoints", "Endpoints", "EndpointName", use_case),
            configs=_named(client, "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", use_case),
            models=_named(client, "list_models", "Models", "ModelName", use_case),
            packages=tuple(_tombstone(each) for each in known.registry.versions(use_case)) if has_group else (),
            has_group=has_group,
            card={"arn": card.arn, "status": card.status, "digest": digest(card.content)} if card else None,
            objects=tuple(known.artifacts.list(f"use-cases/{use_case}/")),
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take down."""
        return not (
            self.endpoints
            or self.configs
            or self.models
            or self.packages
            or self.has_group
            or self.card
            or self.objects
        )

    @property
    def sentence(self) -> str:
        """What is there, in one line."""
        return (
            f"{len(self.endpoints)} endpoints, {len(self.configs)} endpoint configurations, {len(self.models)} models, "
            f"{len(self.packages)} versions, {'a' if self.card else 'no'} card, {len(self.objects)} stored objects"
        )


def take_down(known: Installation, what: Leavings) -> None:
    """Writes the tombstones, then deletes; a take-down that was cut off is finished by doing it again.

    Raises:
        AccessRefused, ServiceUnavailable: As the services answer.
    """
    tombstones = {
        "endpoints": list(what.endpoints),
        "endpoint_configs": list(what.configs),
        "models": list(what.models),
        "model_packages": list(what.packages),
        "card": what.card,
        "objects": len(what.objects),
        "objects_digest": digest(list(what.objects)),
    }
    known.ledger(what.use_case).append(EntryKind.CLEAN_UP, what.use_case, tombstones)
    for name in what.endpoints:
        known.endpoints.delete(name)
        _wait_until_gone(known, name)
    for name in what.configs:
        known.endpoints.delete_config(name)
    for name in what.models:
        known.endpoints.delete_model(name)
    client = known.clients.client("sagemaker")
    for package in what.packages:
        with calling("sagemaker", f"DeleteModelPackage {package['arn']}"):
            client.delete_model_package(ModelPackageName=package["arn"])
    if what.has_group:
        with calling("sagemaker", f"DeleteModelPackageGroup {what.use_case}"):
            client.delete_model_package_group(ModelPackageGroupName=what.use_case)
    if what.card:
        with calling("sagemaker", f"DeleteModelCard {what.use_case}"):
            client.delete_model_card(ModelCardName=what.use_case)
    known.artifacts.delete_prefix(f"use-cases/{what.use_case}/")


def _named(client: Any, action: str, member: str, name: str, use_case: str) -> tuple[str, ...]:
    """Names of the use case's own: its name alone or followed by a dash, and never another's that merely begins so."""
    with calling("sagemaker", action):
        pages = client.get_paginator(action).paginate(NameContains=use_case)
        found = [str(each[name]) for page in pages for each in page[member]]
    return tuple(sorted(each for each in found if _is_of(each, use_case)))


def _is_of(name: str, use_case: str) -> bool:
    return (
        re.fullmatch(rf"{re.escape(use_case)}(-test|-v\d+-(test|production)|-[0-9a-f]{{12}}(-.+)?)?", name) is not None
    )


def _tombstone(package: Any) -> dict[str, Any]:
    return {
        "arn": package.arn,
        "version": package.version,
        "approval_status": package.approval_status,
        "stage": f"{package.stage} {package.stage_status}".strip(),
        "card_digest": digest(package.card),
        "metadata": dict(package.metadata),
    }


def _wait_until_gone(known: Installation, endpoint: str) -> None:
    until = time.monotonic() + _GONE_SECONDS
    while known.endpoints.find(endpoint) is not None:
        if time.monotonic() > until:
            raise ServiceUnavailable(f"endpoint {endpoint} is still there after {_GONE_SECONDS} seconds; try again")
        time.sleep(0.2)
