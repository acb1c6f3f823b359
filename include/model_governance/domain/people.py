"""Who may take part in decisions: the people file, read into one form whatever name a channel knows a person by."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from model_governance.domain.canonical import digest
from model_governance.domain.declaration import read_declaration
from model_governance.domain.use_case import PersonId
from model_governance.errors import PolicyInvalid

_ADDRESS = r"^([^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]+@[A-Za-z0-9.-]+)?$"
"""One bare address or none: nothing that a mail program could take for a second one, or for a header."""

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A role's or a group's name: nothing by which two that look alike could differ."""

_PRINCIPAL = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")
"""What IAM lets a user or a role be called, without its path."""

_SERVICES = {"user": "iam", "role": "iam", "assumed-role": "sts"}
"""Whose ARNs name a person, by the kind of principal: no federated user, no instance profile."""


class Person(BaseModel):
    """A person, under each of the names that a decision's channel may know.

    Attributes:
        id: The name that the ledger records.
        airflow_user: The username in Airflow, for marks and pages.
        principal: The IAM user or role name, for the command line and boto3; the last part of the principal's ARN.
        roles: What the person may decide as, such as ``governance_officer``.
        group: The organisation's unit, for decisions that need several of them.
        email: Where notices go; empty for nobody.
        deputy: Id of who is told when this person leaves a gate waiting beyond the policy's limit. It gives no right:
            a deputy decides by roles of his own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: PersonId
    airflow_user: str = Field(min_length=1)
    principal: str = Field(min_length=1)
    roles: tuple[str, ...] = ()
    group: str = Field(min_length=1)
    email: str = Field(default="", pattern=_ADDRESS)
    deputy: PersonId | None = None


class People(BaseModel):
    """Everybody in the people file; no two share an id, an Airflow user or a principal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    people: tuple[Person, ...]

    @model_validator(mode="after")
    def _names_are_unique(self) -> People:
        for field in ("id", "airflow_user", "principal"):
            counts = Counter(getattr(person, field) for person in self.people)
            repeated = sorted(name for name, count in counts.items() if count > 1)
            if repeated:
                raise ValueError(f"{field} {', '.join(repeated)} is given to more than one person")
        return self

    @model_validator(mode="after")
    def _deputies_may_decide_too(self) -> People:
        for person in self.people:
            if person.deputy is not None:
                self._refuse_deputy(person, person.deputy)
        return self

    def _refuse_deputy(self, person: Person, deputy_id: str) -> None:
        deputy = self.by_id(deputy_id)
        if deputy is None:
            raise ValueError(f"{person.id}: deputy {deputy_id} is nobody in this file")
        if deputy is person:
            raise ValueError(f"{person.id}: deputy is the person himself")
        if not set(person.roles) & set(deputy.roles):
            held = ", ".join(deputy.roles) or "none"
            raise ValueError(
                f"{person.id}: deputy {deputy_id} holds none of the roles {', '.join(person.roles) or '(none)'} in "
                f"which {person.id} decides (held: {held}); a deputy gets no role by being one"
            )

    @cached_property
    def digest(self) -> str:
        """Sha256 of the file's canonical JSON, in hex."""
        return digest(self.document)

    @property
    def document(self) -> dict[str, Any]:
        """The file as JSON holds it, what is left at its default left out."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def by_id(self, person_id: str) -> Person | None:
        """The person with that id, or None."""
        return next((person for person in self.people if person.id == person_id), None)

    def by_airflow_user(self, username: str) -> Person | None:
        """The person who signs in to Airflow under that name, or None."""
        return next((person for person in self.people if person.airflow_user == username), None)

    def by_principal(self, name_or_arn: str, *, account: str | None = None) -> Person | None:
        """The person behind an IAM user or role: its name, its ARN, or the ARN of a session of the role.

        Args:
            name_or_arn: The principal.
            account: The installation's AWS account, where the caller knows it: an ARN of another names nobody here.
        """
        name = principal_name(name_or_arn, account)
        return next((person for person in self.people if person.principal == name), None)

    def in_role(self, role: str) -> tuple[Person, ...]:
        """Everybody who holds the role."""
        return tuple(person for person in self.people if role in person.roles)


def parse_people(text: str, *, file: str) -> People:
    """The people file from its YAML: a list of people.

    Raises:
        PolicyInvalid: Naming file, field and reason of each fault.
    """
    return read_declaration(People, text, file=file, refusal=PolicyInvalid, faults_of=_faults)


def label_fault(name: str) -> str:
    """Why a role or a group cannot be called so; empty if it can."""
    if _LABEL.fullmatch(name):
        return ""
    return f"{name!r} must be of ASCII letters, digits, '-', '_' and '.', beginning with a letter or digit, 64 at most"


def _faults(people: People) -> Iterator[str]:
    """What is wrong with a people file though it can be read: names that match nobody, or that only look alike."""
    for number, person in enumerate(people.people):
        place = f"people.{number}"
        if not _PRINCIPAL.fullmatch(person.principal):
            yield (
                f"{place}.principal: {person.principal!r} is no name of an IAM user or role: the last part of its ARN, "
                "of ASCII letters, digits and '+=,.@_-', 64 at most"
            )
        labels = [("group", person.group), *((f"roles.{index}", role) for index, role in enumerate(person.roles))]
        yield from (f"{place}.{field}: {fault}" for field, name in labels if (fault := label_fault(name)))
    for field in ("principal", "group"):
        for alike in _alike(getattr(person, field) for person in people.people):
            yield f"people: {field} {', '.join(alike)} differ in case alone"


def _alike(names: Iterable[str]) -> Iterator[list[str]]:
    """The names that differ from each other in case alone."""
    spellings: dict[str, set[str]] = defaultdict(set)
    for name in names:
        spellings[name.casefold()].add(name)
    return (sorted(each) for each in spellings.values() if len(each) > 1)


def principal_name(name_or_arn: str, account: str | None = None) -> str | None:
    """The name of the IAM user or role; None where it is neither, or of another account than the given."""
    *arn, resource = name_or_arn.split(":")
    kind, *path = resource.split("/")
    if not arn and not path:
        return resource
    if kind not in _SERVICES or not path:
        return None
    if arn and (len(arn) != 5 or (arn[0], arn[2]) != ("arn", _SERVICES[kind]) or account not in (None, arn[4])):
        return None
    return path[0] if kind == "assumed-role" else path[-1]
