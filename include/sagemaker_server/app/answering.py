"""A request carried from its bytes to its answer; apart from HTTP, so that its order is plain to see.

Signature, then the request's form, then permission, then the action and the record of it in one transaction, then the
answer. Whatever goes wrong becomes an answer that a client understands; nothing of the inside shows in it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from sagemaker_server.app.recording import Caller, Performed, note
from sagemaker_server.errors import AccessDeniedException, NotImplementedHere, WireError
from sagemaker_server.operations import Call, Operation, Scope, actions_of, registered
from sagemaker_server.runtime import Runtime
from sagemaker_server.settings import Settings
from sagemaker_server.signature import Principals, SignedRequest, authorise, verify
from sagemaker_server.storage.database import Database, present
from sagemaker_server.wire import Action, Answer, Protocol, find_action, read_request, write_error, write_result

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answering:
    """What is needed to answer a request."""

    settings: Settings
    database: Database
    principals: Principals
    runtime: Runtime

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

    def _answer(self, action: Action, request: SignedRequest, source_ip: str) -> Answer:
        principal = verify(request, self.principals, action.signing_name, region=self.settings.region)
        headers = {name.lower(): value for name, value in request.headers}
        caller = Caller(principal, source_ip, headers.get("user-agent", ""))
        operation = registered(action.service, action.name)
        if operation is None:
            raise _not_here(action)
        sent = read_request(action, headers, request.body)
        performed = Performed(action, caller, operation.resource(self._scope, sent), sent)
        try:
            self._authorise(operation, performed)
        except AccessDeniedException as denial:
            self._note_denial(operation, performed, denial)
            raise
        return self._perform(operation, performed)

    @property
    def _scope(self) -> Scope:
        return Scope(self.settings)

    def _authorise(self, operation: Operation, performed: Performed) -> None:
        if operation.allowed_to_all:
            return
        caller, request, resource = performed.caller, performed.request, performed.resource
        context = {**_context(caller, request), **operation.conditions(dict(request))}
        signing_name = performed.action.signing_name
        authorise(caller.principal, f"{signing_name}:{operation.name}", resource, context)
        if request.get("Tags") and operation.name.startswith("Create"):
            authorise(caller.principal, f"{signing_name}:AddTags", resource, context)

    def _note_denial(self, operation: Operation, performed: Performed, denial: WireError) -> None:
        if not operation.mutating:
            return
        refused = Performed(performed.action, performed.caller, performed.resource, performed.request, error=denial)
        with self.database.writing() as session:
            note(session, refused, self.settings.region, present())

    def _perform(self, operation: Operation, performed: Performed) -> Answer:
        if not operation.mutating:
            with self.database.reading() as session:
                call = self._call(session, performed.caller)
                return write_result(performed.action, operation.perform(call, dict(performed.request)))
        with self.database.writing() as session:
            call = self._call(session, performed.caller)
            result = operation.perform(call, dict(performed.request))
            done = Performed(performed.action, performed.caller, performed.resource, performed.request, result)
            note(session, done, self.settings.region, call.now)
            answer = write_result(performed.action, result)
        for action in call.after_commit:
            try:
                action()
            except Exception:
                _log.exception("what follows %s failed; what it stored stands", operation.name)
        return answer

    def _call(self, session: Session, caller: Caller) -> Call:
        return Call(self.settings, session, caller.principal, present(), self.runtime)


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
