"""What an action is given and how it is registered, apart from the actions so that all their files can import it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from sagemaker_server.runtime import Runtime
from sagemaker_server.runtime.accounts import Accounts
from sagemaker_server.settings import Settings
from sagemaker_server.signature import Principal

_READS = re.compile(r"(Describe|List|Get|Lookup|BatchDescribe|Search|Sign|Invoke|Query)")


@dataclass(frozen=True)
class Scope:
    """The account that everything here belongs to."""

    settings: Settings

    @property
    def account(self) -> str:
        """The account, 12 digits."""
        return self.settings.account

    @property
    def region(self) -> str:
        """The region."""
        return self.settings.region

    def arn(self, resource: str, service: str = "sagemaker") -> str:
        """The ARN of a resource, such as ``model-package-group/loan-approval``, in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True)
class Call(Scope):
    """One call of an action, inside its transaction.

    Attributes:
        session: The transaction; committed before the answer is sent, undone when the action raises.
        principal: Who signed the request.
        now: The call's time, aware UTC, whole milliseconds; in a writing call read once the write lock is held, so
            that times have the order of the commits as long as the clock does not step back.
        runtime: Where jobs and endpoints run.
        accounts: All accounts; what an action does not do in its own, it asks of these.
        context: The condition keys that every request has.
    """

    session: Session
    principal: Principal
    now: datetime
    runtime: Runtime
    accounts: Accounts
    context: Mapping[str, Any] = field(default_factory=dict)
    after_commit: list[Callable[[], None]] = field(default_factory=list)

    def on_commit(self, action: Callable[[], None]) -> None:
        """Do something once the transaction is on disk; not at all if it is undone."""
        self.after_commit.append(action)

    @property
    def user_context(self) -> dict[str, Any]:
        """Who calls, as SageMaker puts it into ``CreatedBy`` and ``LastModifiedBy``."""
        return {"IamIdentity": {"Arn": self.principal.arn, "PrincipalId": self.principal.user_id}}


Perform = Callable[[Call, dict[str, Any]], dict[str, Any]]
ResourceOf = Callable[[Scope, dict[str, Any]], str]
ConditionsOf = Callable[[dict[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Operation:
    """An action of the table.

    Attributes:
        name: The action, such as ``CreateModelPackage``.
        service: botocore's name of the service, such as ``sagemaker`` or ``sagemaker-runtime``.
        perform: The function.
        mutating: Whether it changes what is stored: then it runs in a writing transaction and leaves an event.
        resource: The ARN that IAM policies are asked about.
        conditions: Condition keys of the request, besides those that every request has.
        allowed_to_all: Whether every principal may, whatever its policy says.
        shared: Whether a resource of another account may be meant, whose policy then has to allow it too; the action
            takes place in that account.
        by_trust: Whether the resource's policy has to allow it within an account too, as a role's has to.
        at_once: Whether it only computes, and waits for neither database nor file: then no thread is taken for it.
    """

    name: str
    service: str
    perform: Perform
    mutating: bool
    resource: ResourceOf
    conditions: ConditionsOf
    allowed_to_all: bool
    shared: bool
    by_trust: bool
    at_once: bool


_OPERATIONS: dict[tuple[str, str], Operation] = {}


def operation(
    name: str,
    *,
    service: str = "sagemaker",
    mutating: bool | None = None,
    resource: ResourceOf = lambda scope, request: "*",
    conditions: ConditionsOf = lambda request: {},
    allowed_to_all: bool = False,
    shared: bool = False,
    by_trust: bool = False,
    at_once: bool = False,
) -> Callable[[Perform], Perform]:
    """Register a function as an API action.

    Args:
        name: The action's name at AWS.
        service: botocore's name of the service.
        mutating: Whether the action changes what is stored; by default every name but Describe..., List..., Get...,
            Search, Sign, Lookup..., Invoke... and Query... does.
        resource: From scope and request the ARN that policies are asked about; ``*`` where AWS knows no resource.
        conditions: From the request its condition keys, such as ``sagemaker:ModelApprovalStatus``.
        allowed_to_all: Whether every principal may, as at AWS everybody may ask who he is.
        shared: Whether a resource of another account may be meant.
        by_trust: Whether the resource's policy has to allow it whoever asks.
        at_once: Whether it only computes; no policy is attached to what it acts on, and it may not be mutating.
    """

    def register(perform: Perform) -> Perform:
        changes = not _READS.match(name) if mutating is None else mutating
        _OPERATIONS[service, name] = Operation(
            name, service, perform, changes, resource, conditions, allowed_to_all, shared, by_trust, at_once
        )
        return perform

    return register


def registered(service: str, name: str) -> Operation | None:
    """The action of that name; None when this server has none."""
    return _OPERATIONS.get((service, name))


def registered_at_once() -> frozenset[tuple[str, str]]:
    """Service and name of each action that only computes."""
    return frozenset(key for key, known in _OPERATIONS.items() if known.at_once)


def actions_of(service: str) -> list[str]:
    """The names of a service's actions here, sorted."""
    return sorted(name for known, name in _OPERATIONS if known == service)
