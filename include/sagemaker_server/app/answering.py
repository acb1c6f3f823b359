"""A request carried from its bytes to its answer; apart from HTTP, so that its order is plain to see.

Signature, then the request's form, then permission, then the action and the record of it in one transaction, then the
answer. Whatever goes wrong becomes an answer that a client understands; nothing of the inside shows in it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from sagemaker_server.app.recording import Caller, Performed, note
from sagemaker_server.errors import AccessDeniedException, NotImplementedHere, WireError
from sagemaker_server.operations import Call, Operation, Scope, actions_of, registered, registered_at_once
from sagemaker_server.operations.model_package_group_policies import attached_policy
from sagemaker_server.runtime.accounts import Account, Accounts
from sagemaker_server.signature import SignedRequest, account_of, authorise, verify
from sagemaker_server.storage.database import present
from sagemaker_server.wire import (
    Action,
    Answer,
    Protocol,
    find_action,
    read_request,
    target_of,
    write_error,
    write_result,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answering:
    """What is needed to answer a request."""

    region: str
    accounts: Accounts

    def answer(self, request: SignedRequest, source_ip: str) -> Answer:
        """The answer to a request, whatever it is."""
        service, protocol = "sagemaker", Protocol.JSON
        try:
            action = find_action(request.method, request.path, request.header("x-amz-target"), request.body)
            service, protocol = action.service, action.protocol
            return self._answer(action, request, source_ip)
        except WireError as refusal:
            return write_error(refusal, service, protocol)
        except OperationalError:
            _log.exception("the database is not available")
            unavailable = WireError("ServiceUnavailable", "The database is busy or away: try again.", 503)
            return write_error(unavailable, service, protocol)
        except Exception:
            _log.exception("a call failed in a way that is not meant to be")
            failure = WireError("InternalFailure", "An internal error occurred; the server's log says more.", 500)
            return write_error(failure, service, protocol)

    @cached_property
    def targets_at_once(self) -> frozenset[str]:
        """Values of ``X-Amz-Target`` that ask for what only computes: a thread would take longer than the answer."""
        return frozenset(target_of(service, name) for service, name in registered_at_once())

    def _answer(self, action: Action, request: SignedRequest, source_ip: str) -> Answer:
        principal = verify(request, self.accounts.principals, action.signing_name, region=self.region)
        headers = {name.lower(): value for name, value in request.headers}
        caller = Caller(principal, source_ip, headers.get("user-agent", ""))
        operation = registered(action.service, action.name)
        if operation is None:
            raise _not_here(action)
        sent = read_request(action, headers, request.body)
        own = self.accounts.by_number[principal.account]
        performed = Performed(action, caller, operation.resource(Scope(own.settings), sent), sent)
        try:
            self._authorise(operation, performed)
        except AccessDeniedException as denial:
            self._note_denial(operation, performed, denial)
            raise
        return self._perform(operation, performed)

    def _authorise(self, operation: Operation, performed: Performed) -> None:
        if operation.allowed_to_all:
            return
        principal, request, resource = performed.caller.principal, performed.request, performed.resource
        context = {**_context(performed.caller, request), **operation.conditions(dict(request))}
        signing_name = performed.action.signing_name
        attached = None
        if not operation.at_once and (operation.shared or account_of(resource) == principal.account):
            attached = attached_policy(self.accounts, resource)
        authorise(
            principal,
            f"{signing_name}:{operation.name}",
            resource,
            context,
            attached=attached,
            must_be_attached=operation.by_trust,
        )
        if request.get("Tags") and operation.name.startswith("Create"):
            authorise(principal, f"{signing_name}:AddTags", resource, context)

    def _note_denial(self, operation: Operation, performed: Performed, denial: WireError) -> None:
        if operation.mutating:
            self._note(self.accounts.by_number[performed.caller.principal.account], replace(performed, error=denial))

    def _note(self, account: Account, performed: Performed) -> None:
        with account.database.writing() as session:
            note(session, performed, account.settings, present())

    def _perform(self, operation: Operation, performed: Performed) -> Answer:
        own = self.accounts.by_number[performed.caller.principal.account]
        account = self.accounts.find(account_of(performed.resource)) if operation.shared else None
        account = account or own
        if not operation.mutating:
            with account.database.reading() as session:
                call = self._call(account, session, performed)
                return write_result(performed.action, operation.perform(call, dict(performed.request)))
        with account.database.writing() as session:
            call = self._call(account, session, performed)
            result = operation.perform(call, dict(performed.request))
            done = replace(performed, result=result)
            note(session, done, account.settings, call.now)
            answer = write_result(performed.action, result)
        if account is not own:
            self._note(own, done)
        for action in call.after_commit:
            try:
                action()
            except Exception:
                _log.exception("what follows %s failed; what it stored stands", operation.name)
        return answer

    def _call(self, account: Account, session: Session, performed: Performed) -> Call:
        context = _context(performed.caller, performed.request)
        principal = performed.caller.principal
        return Call(account.settings, session, principal, present(), account.runtime, self.accounts, context)


def _not_here(action: Action) -> NotImplementedHere:
    there = ", ".join(actions_of(action.service)) or "none"
    return NotImplementedHere(f"{action.name} of {action.service} is not in this server; there are: {there}.")


def _context(caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = {
        "aws:CurrentTime": present().isoformat(),
        "aws:SourceIp": caller.source_ip,
        "aws:UserAgent": caller.user_agent,
        "aws:SecureTransport": False,
    }
    tags = request.get("Tags")
    if isinstance(tags, list):
        context |= {f"aws:RequestTag/{tag['Key']}": tag.get("Value", "") for tag in tags}
        context["aws:TagKeys"] = [tag["Key"] for tag in tags]
    if isinstance(request.get("TagKeys"), list):
        context["aws:TagKeys"] = request["TagKeys"]
    return context
