"""The plugin's own routes: how a gate stands, and a decision on it, for whoever is signed in to Airflow.

Apart from the middleware, which turns Airflow's own routes into decisions. A plugin's application has no sign-in of its
own: each request is held against Airflow's users and rights here, before anything is read.
"""

from __future__ import annotations

import asyncio
from datetime import date
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from model_governance.domain.condition import write_remark
from model_governance.domain.decision import Channel, DecisionVerdict, Gate
from model_governance.domain.gate import GateVerdict
from model_governance.errors import DecisionRefused, GovernanceError, RecordMissing, ServiceUnavailable
from model_governance.hooks.airflow_api import DAG_PREFIX
from model_governance.web.users import may_on_task_instances, signed_in_user

_LARGEST_BODY = 65536
_JSON = "application/json"


class Answer(BaseModel):
    """What a request to decide says.

    Attributes:
        verdict: approve or reject.
        comment: Why; required where the evidence has warnings.
        version: The model's version; none at the use_case gate. Elsewhere it must be said, so that nobody decides on a
            version that has come since he looked.
        until: The last day, UTC, on which the approval holds.
        condition: What it depends on; needs ``until``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: DecisionVerdict
    comment: str = Field(default="", max_length=1024)
    version: int | None = Field(default=None, ge=1)
    until: date | None = None
    condition: str = Field(default="", max_length=1024)

    @model_validator(mode="after")
    def _only_an_approval_ends(self) -> Answer:
        if self.verdict is DecisionVerdict.REJECT and (self.until or self.condition):
            raise ValueError("until and condition are an approval's")
        return self


class _Refused(Exception):
    """A request that is answered at once, with a status and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


async def show_gate(request: Request) -> JSONResponse:
    """How a gate stands: ``GET /use-cases/{use_case}/gates/{gate}?version=3``."""
    return await _answered(request, "GET", _standing)


async def decide_gate(request: Request) -> JSONResponse:
    """Decides: ``POST /use-cases/{use_case}/gates/{gate}/decisions`` with an ``Answer`` as JSON.

    200 says how the gate stands then: ``waiting``, with the reason, where more approvals are needed. 403: refused.
    """
    return await _answered(request, "PUT", _decided)


async def _answered(request: Request, right: Literal["GET", "PUT"], handle: Any) -> JSONResponse:
    try:
        user = await signed_in_user(request.scope)
        if user is None:
            raise _Refused(401, "sign in to Airflow, or send its bearer token")
        gate, use_case = _gate_of(request), request.path_params["use_case"]
        body = await _body(request) if right != "GET" else b""
        if not await asyncio.to_thread(may_on_task_instances, user, f"{DAG_PREFIX}{use_case}", right):
            raise _Refused(403, f"{user.get_name()} has no right in Airflow to do this on {DAG_PREFIX}{use_case}")
        found = await asyncio.to_thread(handle, gate, use_case, user.get_name(), request, body)
        return JSONResponse(found)
    except _Refused as refused:
        return JSONResponse({"detail": str(refused)}, status_code=refused.status)
    except GovernanceError as fault:
        return JSONResponse({"detail": str(fault)}, status_code=_status_of(fault))


def _status_of(fault: GovernanceError) -> int:
    if isinstance(fault, DecisionRefused):
        return 403
    if isinstance(fault, RecordMissing):
        return 404
    return 503 if isinstance(fault, ServiceUnavailable) else 409


def _gate_of(request: Request) -> Gate:
    named = request.path_params["gate"]
    if named not in tuple(Gate):
        raise _Refused(404, f"there is no gate {named[:40]!r}; the gates are {', '.join(Gate)}")
    return Gate(named)


async def _body(request: Request) -> bytes:
    """The body of a request that says it is JSON: what another site's form can send does not."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _JSON:
        raise _Refused(415, f"content type {kind[:40]!r} is not taken; send {_JSON}")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _LARGEST_BODY:
            raise _Refused(413, f"a decision of more than {_LARGEST_BODY} bytes is not taken")
        parts.append(part)
    return b"".join(parts)


def _standing(gate: Gate, use_case: str, _: str, request: Request, __: bytes) -> dict[str, Any]:
    from model_governance.decisions.address import named_subject
    from model_governance.decisions.adjudicate import gate_verdict

    asked = request.query_params.get("version")
    if asked is not None and not (asked.isdecimal() and asked.isascii() and 0 < int(asked) < 10**9):
        raise _Refused(422, f"version {asked[:40]!r} is not a whole number from 1 on")
    installation = _desk().installation
    subject = named_subject(installation, gate, use_case, int(asked) if asked else None)
    return _told(gate, subject.name, gate_verdict(installation, gate, use_case, subject.arn))


def _decided(gate: Gate, use_case: str, username: str, _: Request, body: bytes) -> dict[str, Any]:
    from model_governance.decisions.address import named_subject
    from model_governance.web.desk import Address

    try:
        answer = Answer.model_validate_json(body)
    except ValidationError as faults:
        said = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in faults.errors())
        raise _Refused(422, said) from faults
    if answer.version is None and gate is not Gate.USE_CASE:
        raise _Refused(422, f"version: which one the {gate} gate is decided for must be said")
    desk = _desk()
    subject = named_subject(desk.installation, gate, use_case, answer.version)
    address = Address(gate, use_case, subject.arn)
    try:
        comment = write_remark(answer.comment, answer.until, answer.condition)
        verdict = desk.decide_on(address, answer.verdict, username, comment, Channel.WEB)
    except DecisionRefused as refusal:
        desk.refused_on(address, answer.verdict.value, username, str(refusal), Channel.WEB)
        raise
    return _told(gate, subject.name, verdict)


def _told(gate: Gate, name: str, verdict: GateVerdict) -> dict[str, Any]:
    return {
        "gate": gate.value,
        "subject": name,
        "state": verdict.state.value,
        "reasons": list(verdict.reasons),
        "decided_by": [decision.actor for decision in verdict.decided_by],
        "holds_until": verdict.holds_until.isoformat() if verdict.holds_until else None,
    }


@cache
def _desk() -> Any:
    """The installation's desk, made when the first request needs it."""
    from model_governance.web.desk import GovernanceDesk

    return GovernanceDesk()


_PATH = "/use-cases/{use_case}/gates/{gate}"

API: dict[str, Any] = {
    "name": "Model governance: gates",
    "app": Starlette(
        routes=[
            Route(_PATH, show_gate, methods=["GET"]),
            Route(f"{_PATH}/decisions", decide_gate, methods=["POST"]),
        ]
    ),
    "url_prefix": "/model-governance/api",
}
"""A ``fastapi_apps`` entry of an Airflow plugin."""
