"""Lineage: artifacts, actions, contexts and what leads from one to the other, each made at most once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from model_governance.errors import RecordConflict
from model_governance.hooks.aws import calling

AssociationType = Literal["ContributedTo", "AssociatedWith", "DerivedFrom", "Produced", "SameAs"]
ActionStatus = Literal["Unknown", "InProgress", "Completed", "Failed", "Stopping", "Stopped"]

_READERS = 8


@dataclass(frozen=True)
class Lineage:
    """SageMaker's lineage graph.

    Attributes:
        client: A boto3 client of SageMaker.
    """

    client: Any

    def artifact(self, name: str, kind: str, uri: str, properties: Mapping[str, str] | None = None) -> str:
        """The artifact of an address, made if there is none of its kind; its ARN.

        Args:
            name: Name for a new one, at most 120 characters.
            kind: ``ArtifactType``, such as ``DataSet`` or ``Model``.
            uri: The source's address: an object's, or an ARN.
            properties: At most 30.

        Raises:
            AccessRefused, ServiceUnavailable, RequestRefused: As the registry answers.
        """
        found = self._artifact_of(uri, kind)
        if found:
            return found
        try:
            with calling("sagemaker", f"CreateArtifact {name}"):
                answer = self.client.create_artifact(
                    ArtifactName=name, ArtifactType=kind, Source={"SourceUri": uri}, Properties=dict(properties or {})
                )
        except RecordConflict:  # somebody else made it between the two calls
            if made := self._artifact_of(uri, kind):
                return made
            raise
        return str(answer["ArtifactArn"])

    def _artifact_of(self, uri: str, kind: str) -> str:
        with calling("sagemaker", f"ListArtifacts of {uri}"):
            found = self.client.list_artifacts(SourceUri=uri, ArtifactType=kind)["ArtifactSummaries"]
        return str(found[0]["ArtifactArn"]) if found else ""

    def action(
        self,
        name: str,
        kind: str,
        uri: str,
        *,
        status: ActionStatus = "Completed",
        description: str = "",
        properties: Mapping[str, str] | None = None,
    ) -> str:
        """The action of that name, made if there is none and brought up to date otherwise; its ARN.

        Args:
            name: At most 120 characters, unique.
            kind: ``ActionType``, such as ``Approval`` or ``ModelDeployment``.
            uri: Address of what it acts on or was caused by.
            status: ``Status``.
            description: At most 3072 characters.
            properties: At most 30.

        Raises:
            AccessRefused, ServiceUnavailable, RequestRefused: As the registry answers.
        """
        changes = {"Status": status, "Description": description, "Properties": dict(properties or {})}
        try:
            with calling("sagemaker", f"CreateAction {name}"):
                answer = self.client.create_action(
                    ActionName=name, ActionType=kind, Source={"SourceUri": uri}, **changes
                )
        except RecordConflict:
            with calling("sagemaker", f"DescribeAction {name}"):
                answer = self.client.describe_action(ActionName=name)
            if {key: answer.get(key) or type(value)() for key, value in changes.items()} != changes:
                with calling("sagemaker", f"UpdateAction {name}"):
                    answer = self.client.update_action(ActionName=name, **changes)
        return str(answer["ActionArn"])

    def note_once(self, name: str, kind: str, uri: str, properties: Mapping[str, str]) -> None:
        """Makes an action that is never changed, unless there is one of that name.

        Raises:
            AccessRefused, ServiceUnavailable, RequestRefused: As the registry answers.
        """
        try:
            with calling("sagemaker", f"CreateAction {name}"):
                self.client.create_action(
                    ActionName=name,
                    ActionType=kind,
                    Source={"SourceUri": uri},
                    Status="Completed",
                    Properties=dict(properties),
                )
        except RecordConflict:
            return

    def noted(self, kind: str, uri: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Names and properties of all actions of a kind on an address, newest first; a call for each.

        Raises:
            AccessRefused, ServiceUnavailable: As the registry answers.
        """
        asked = {"ActionType": kind, "SourceUri": uri, "SortBy": "CreationTime", "SortOrder": "Descending"}
        with calling("sagemaker", f"ListActions of {uri}"):
            pages = self.client.get_paginator("list_actions").paginate(**asked, PaginationConfig={"PageSize": 100})
            names = [str(each["ActionName"]) for page in pages for each in page["ActionSummaries"]]
        with ThreadPoolExecutor(max_workers=_READERS) as readers:
            yield from zip(names, readers.map(self._properties, names), strict=True)

    def _properties(self, name: str) -> Mapping[str, str]:
        with calling("sagemaker", f"DescribeAction {name}"):
            properties: Mapping[str, str] = self.client.describe_action(ActionName=name).get("Properties", {})
        return properties

    def context(self, name: str, kind: str, uri: str, properties: Mapping[str, str] | None = None) -> str:
        """The context of that name, made if there is none; its ARN.

        Raises:
            AccessRefused, ServiceUnavailable, RequestRefused: As the registry answers.
        """
        try:
            with calling("sagemaker", f"CreateContext {name}"):
                answer = self.client.create_context(
                    ContextName=name, ContextType=kind, Source={"SourceUri": uri}, Properties=dict(properties or {})
                )
        except RecordConflict:
            with calling("sagemaker", f"DescribeContext {name}"):
                answer = self.client.describe_context(ContextName=name)
        return str(answer["ContextArn"])

    def associate(self, source: str, destination: str, kind: AssociationType) -> None:
        """Leads from one to the other, unless it does already.

        Args:
            source: ARN of an artifact, action or context.
            destination: ARN of another.
            kind: ``AssociationType``.

        Raises:
            AccessRefused, ServiceUnavailable, RequestRefused: As the registry answers.
        """
        try:
            with calling("sagemaker", f"AddAssociation {source} {kind} {destination}"):
                self.client.add_association(SourceArn=source, DestinationArn=destination, AssociationType=kind)
        except RecordConflict:
            return
