"""What is noted of a call in the record of events, apart from carrying it out."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from sagemaker_server.errors import WireError
from sagemaker_server.settings import Settings
from sagemaker_server.signature import Principal
from sagemaker_server.storage.events import Event, record_event
from sagemaker_server.wire import Action
from sagemaker_server.wire.recording import recorded


@dataclass(frozen=True)
class Caller:
    """Who sends a request, and from where.

    Attributes:
        principal: Who signed it.
        source_ip: The address it came from.
        user_agent: What the client calls itself; it may say anything.
    """

    principal: Principal
    source_ip: str
    user_agent: str


@dataclass(frozen=True)
class Performed:
    """A call as it went.

    Attributes:
        action: The action.
        caller: Who asked.
        resource: The ARN that policies were asked about.
        request: What was sent.
        result: What was answered; None when it was refused.
        error: The refusal.
    """

    action: Action
    caller: Caller
    resource: str
    request: Mapping[str, Any]
    result: Mapping[str, Any] | None = None
    error: WireError | None = None


def note(session: Session, performed: Performed, recipient: Settings, now: datetime) -> None:
    """Record a call in CloudTrail's form.

    Args:
        session: The transaction that the call is part of.
        performed: The call.
        recipient: Whose record it is: the installation as the account has it.
        now: When, aware UTC.
    """
    arns = _arns_touched(performed)
    event_id = str(uuid.uuid4())
    event = Event(
        event_id=event_id,
        time=now,
        name=performed.action.name,
        source=f"{performed.action.signing_name}.amazonaws.com",
        username=performed.caller.principal.name,
        access_key_id=performed.caller.principal.access_key_id,
        resources=[{"ResourceType": _type_of(arn), "ResourceName": arn} for arn in arns],
        document=_document(performed, event_id, recipient, now),
    )
    record_event(session, event, [*arns, *(arn.partition("/")[2] for arn in arns if "/" in arn)])


def _arns_touched(performed: Performed) -> list[str]:
    answered = [value for value in (performed.result or {}).values() if isinstance(value, str)]
    asked = [value for value in performed.request.values() if isinstance(value, str)]
    known = [value for value in (*answered, performed.resource, *asked) if value.startswith("arn:")]
    return [arn for arn in dict.fromkeys(known) if not arn.endswith("*") and len(arn) <= 512 and arn.isascii()]


def _type_of(arn: str) -> str:
    """CloudTrail's name of a resource's type: ``AWS::SageMaker::ModelPackage`` for a model package's ARN."""
    service, kind = arn.split(":")[2], arn.split(":", 5)[-1].partition("/")[0]
    spoken = "".join(part.capitalize() for part in kind.split("-"))
    return f"AWS::{'SageMaker' if service == 'sagemaker' else service.upper()}::{spoken}"


def _identity(principal: Principal) -> dict[str, Any]:
    identity: dict[str, Any] = {
        "type": "IAMUser",
        "principalId": principal.user_id,
        "arn": principal.arn,
        "accountId": principal.account,
        "accessKeyId": principal.access_key_id,
    }
    session = principal.session
    if session is None:
        return {**identity, "userName": principal.name}
    issuer = {"type": "Role", "principalId": session.role_id, "arn": session.role_arn, "userName": session.role_name}
    attributes = {"creationDate": session.began.strftime("%Y-%m-%dT%H:%M:%SZ"), "mfaAuthenticated": "false"}
    context = {"sessionIssuer": {**issuer, "accountId": principal.account}, "attributes": attributes}
    return {**identity, "type": "AssumedRole", "sessionContext": context}


def _document(performed: Performed, event_id: str, recipient: Settings, now: datetime) -> dict[str, Any]:
    principal, model = performed.caller.principal, performed.action.model
    document: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(principal),
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{performed.action.signing_name}.amazonaws.com",
        "eventName": performed.action.name,
        "awsRegion": recipient.region,
        "sourceIPAddress": performed.caller.source_ip,
        "userAgent": performed.caller.user_agent[:1024],
        "requestParameters": recorded(model.input_shape, dict(performed.request)),
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": event_id,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": recipient.account,
        "eventCategory": "Management",
    }
    if performed.result is not None:
        document["responseElements"] = recorded(model.output_shape, dict(performed.result))
    if performed.error is not None:
        document |= {"errorCode": "AccessDenied", "errorMessage": performed.error.message}
    return document
