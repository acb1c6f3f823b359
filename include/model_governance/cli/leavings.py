"""What a use case has made and is still there: found by its tags and addresses, told in tombstones, and deleted.

A name alone proves nothing: ``loan-2`` begins like ``loan``. What the lifecycle makes bears the use case's tag.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from model_governance.cli.terminal import counted
from model_governance.domain.canonical import digest
from model_governance.domain.deployment import Environment
from model_governance.errors import RecordMissing, RequestRefused, ServiceUnavailable
from model_governance.hooks.aws import calling
from model_governance.hooks.endpoints import Endpoints
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_package import ModelPackage

_TAG = "model-governance:use-case"
_GONE_SECONDS = 120
_POLL_SECONDS = 0.2
_RUNNING = ("InProgress", "Stopping")
_JOBS = {
    "Training": ("list_training_jobs", "TrainingJobSummaries"),
    "Transform": ("list_transform_jobs", "TransformJobSummaries"),
}


@dataclass(frozen=True)
class Leavings:
    """What a use case has made and is still there.

    Attributes:
        use_case: Whose.
        jobs: Kind (Training, Transform) and name of each job that runs; jobs that have ended stay on record.
        endpoints: Place and name of each endpoint; the place is an environment, or empty for our own account.
        configs: Place and name of each endpoint configuration.
        models: Place and name of each model.
        lineage: ARNs of lineage artifacts and actions.
        packages: A tombstone of each version.
        has_group: Whether the model package group is there.
        card: A tombstone of the use case's card; None without one.
        objects: Keys in the bucket, the ledger's not among them.
    """

    use_case: str
    jobs: tuple[tuple[str, str], ...]
    endpoints: tuple[tuple[str, str], ...]
    configs: tuple[tuple[str, str], ...]
    models: tuple[tuple[str, str], ...]
    lineage: tuple[str, ...]
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
            jobs=tuple((kind, name) for kind in _JOBS for name in _running_jobs(client, kind, use_case)),
            endpoints=_everywhere(known, "list_endpoints", "Endpoints", "Endpoint", use_case),
            configs=_everywhere(known, "list_endpoint_configs", "EndpointConfigs", "EndpointConfig", use_case),
            models=_everywhere(known, "list_models", "Models", "Model", use_case),
            lineage=tuple(_lineage(client, known.artifacts.uri(_prefix(use_case)), use_case)),
            packages=tuple(_tombstone(each) for each in known.registry.versions(use_case)) if has_group else (),
            has_group=has_group,
            card={"arn": card.arn, "status": card.status, "digest": digest(card.content)} if card else None,
            objects=tuple(known.artifacts.list(_prefix(use_case))),
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take down."""
        return not any(value for name, value in vars(self).items() if name != "use_case")

    @property
    def sentence(self) -> str:
        """What is there, in one line."""
        counts = {
            "running job": len(self.jobs),
            "endpoint": len(self.endpoints),
            "endpoint configuration": len(self.configs),
            "model": len(self.models),
            "lineage record": len(self.lineage),
            "version": len(self.packages),
            "group": int(self.has_group),
            "card": int(self.card is not None),
            "stored object": len(self.objects),
        }
        return ", ".join(counted(count, what) for what, count in counts.items() if count) or "nothing"

    @property
    def tombstones(self) -> dict[str, Any]:
        """What the ledger keeps of all this."""
        return {
            "jobs": [name for _, name in self.jobs],
            "endpoints": [name for _, name in self.endpoints],
            "endpoint_configs": [name for _, name in self.configs],
            "models": [name for _, name in self.models],
            "lineage": list(self.lineage),
            "model_packages": list(self.packages),
            "card": self.card,
            "objects": len(self.objects),
            "objects_digest": digest(list(self.objects)),
        }


def delete(known: Installation, what: Leavings) -> None:
    """Deletes all of it, what is served first; what has gone meanwhile is passed over.

    Raises:
        AccessRefused, ServiceUnavailable, RequestRefused: As the services answer; the rest is still there then.
    """
    client = known.clients.client("sagemaker")
    _stop(client, what)
    for place, name in what.endpoints:
        _endpoints(known, place).delete(name)
    _wait_until(
        lambda: not any(_endpoints(known, place).find(name) for place, name in what.endpoints),
        "endpoints are still there",
    )
    for place, name in what.configs:
        _endpoints(known, place).configs.delete(name)
    for place, name in what.models:
        _endpoints(known, place).configs.delete_model(name)
    for arn in what.lineage:
        _delete_lineage(client, arn)
    for package in what.packages:
        _pass_over(f"DeleteModelPackage {package['arn']}", client.delete_model_package, ModelPackageName=package["arn"])
    if what.has_group:
        name = what.use_case
        _pass_over(f"DeleteModelPackageGroup {name}", client.delete_model_package_group, ModelPackageGroupName=name)
    if what.card:
        _pass_over(f"DeleteModelCard {what.use_case}", client.delete_model_card, ModelCardName=what.use_case)
    known.artifacts.delete_prefix(_prefix(what.use_case))


def _prefix(use_case: str) -> str:
    return f"use-cases/{use_case}/"


def _endpoints(known: Installation, place: str) -> Endpoints:
    return known.endpoints_in(Environment(place)) if place else known.endpoints


def _everywhere(known: Installation, action: str, member: str, kind: str, use_case: str) -> tuple[tuple[str, str], ...]:
    """Place and name of what bears the use case's tag, in our own account and in each environment's; each once."""
    found: dict[str, tuple[str, str]] = {}
    for place in ("", *(each.value for each in Environment)):
        for arn in _tagged(_endpoints(known, place).client, action, member, kind, use_case):
            found.setdefault(arn, (place, arn.rpartition("/")[2]))
    return tuple(found.values())


def _tagged(client: Any, action: str, member: str, kind: str, use_case: str, **asked: Any) -> tuple[str, ...]:
    """ARNs of a kind of resource that bear the use case's tag."""
    with calling("sagemaker", action):
        pages = client.get_paginator(action).paginate(NameContains=use_case, **asked)
        found = [each for page in pages for each in page[member]]
    return tuple(sorted(arn for arn in (str(each[f"{kind}Arn"]) for each in found) if _is_of(client, arn, use_case)))


def _is_of(client: Any, arn: str, use_case: str) -> bool:
    try:
        with calling("sagemaker", f"ListTags of {arn}"):
            pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
            return {"Key": _TAG, "Value": use_case} in [tag for page in pages for tag in page["Tags"]]
    except RecordMissing:
        return False


def _running_jobs(client: Any, kind: str, use_case: str) -> tuple[str, ...]:
    action, member = _JOBS[kind]
    return tuple(
        arn.rpartition("/")[2]
        for status in _RUNNING
        for arn in _tagged(client, action, member, f"{kind}Job", use_case, StatusEquals=status)
    )


def _lineage(client: Any, prefix: str, use_case: str) -> Iterator[str]:
    """ARNs of artifacts whose source lies under the use case's prefix, and of actions of its jobs and endpoint."""
    job = re.compile(rf":transform-job/{re.escape(use_case)}-[0-9a-f]{{12}}(-|$)")
    with calling("sagemaker", "ListArtifacts"):
        for page in client.get_paginator("list_artifacts").paginate():
            for each in page["ArtifactSummaries"]:
                if each["Source"]["SourceUri"].startswith(prefix):
                    yield str(each["ArtifactArn"])
    with calling("sagemaker", "ListActions"):
        for page in client.get_paginator("list_actions").paginate():
            for each in page["ActionSummaries"]:
                uri = each["Source"]["SourceUri"]
                if uri.endswith(f":endpoint/{use_case}") or job.search(uri):
                    yield str(each["ActionArn"])


def _delete_lineage(client: Any, arn: str) -> None:
    for end in ("SourceArn", "DestinationArn"):
        with calling("sagemaker", f"ListAssociations of {arn}"):
            pages = client.get_paginator("list_associations").paginate(**{end: arn})
            found = [each for page in pages for each in page["AssociationSummaries"]]
        for each in found:
            ends = {"SourceArn": each["SourceArn"], "DestinationArn": each["DestinationArn"]}
            _pass_over(f"DeleteAssociation of {arn}", client.delete_association, **ends)
    if ":action/" in arn:
        _pass_over(f"DeleteAction {arn}", client.delete_action, ActionName=arn.rsplit("/", 1)[-1])
    else:
        _pass_over(f"DeleteArtifact {arn}", client.delete_artifact, ArtifactArn=arn)


def _stop(client: Any, what: Leavings) -> None:
    for kind, name in what.jobs:
        try:
            stop = getattr(client, f"stop_{kind.lower()}_job")
            _pass_over(f"Stop{kind}Job {name}", stop, **{f"{kind}JobName": name})
        except RequestRefused:
            continue  # it has ended meanwhile, or is being stopped already
    _wait_until(lambda: not any(_running_jobs(client, kind, what.use_case) for kind in _JOBS), "jobs are still running")


def _pass_over(action: str, call: Callable[..., Any], **asked: Any) -> None:
    """Calls, and passes over what is not there."""
    try:
        with calling("sagemaker", action):
            call(**asked)
    except RecordMissing:
        return


def _wait_until(is_so: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + _GONE_SECONDS
    while not is_so():
        if time.monotonic() > until:
            raise ServiceUnavailable(f"{otherwise} after {_GONE_SECONDS} seconds; do it again")
        time.sleep(_POLL_SECONDS)


def _tombstone(package: ModelPackage) -> dict[str, Any]:
    return {
        "arn": package.arn,
        "version": package.version,
        "approval_status": package.approval_status,
        "stage": f"{package.stage} {package.stage_status}".strip(),
        "card_digest": digest(package.card),
        "metadata": dict(package.metadata),
    }
