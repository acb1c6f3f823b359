"""The middleware that turns a mark on a waiting gate into a decision, before Airflow's own route runs.

Pure ASGI, next to the routes but for the turns of SQLite's writers: it sees what the route would see. Everything that
blocks (Airflow's database, the registry, the ledger) runs in a thread; a request that cannot mark anything costs a path
match.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, Literal

from starlette._utils import get_route_path
from starlette.requests import Request
from starlette.responses import JSONResponse

from model_governance.errors import GovernanceError, ServiceUnavailable
from model_governance.web.answers import ASGIApp, Receive, Send, answer_as_marked, replay, whole_body
from model_governance.web.mark_requests import MarkRequest, may_mark, read_marks
from model_governance.web.rulings import GOES_ON, Desk, Ruling, rule_on

ANSWER_HEADER = "X-Model-Governance"
"""On answers of the middleware's own, so that its script in Airflow's pages knows them (``page/answers.js``)."""


class MarkMiddleware:
    """Decides by marks on waiting gates; every other request passes untouched.

    Args:
        app: What comes next.
        desk: Where decisions are handed in; the installation's own by default.
    """

    def __init__(self, app: ASGIApp, desk: Desk | None = None) -> None:
        self.app = app
        self._desk = desk

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handles a request by ASGI's protocol."""
        if scope["type"] != "http" or not may_mark(scope["method"], get_route_path(scope)):
            await self.app(scope, receive, send)
            return
        body = await whole_body(receive)
        if body is None:
            return
        ruling = await self._ruling(scope, body)
        if not ruling.goes_on:
            await _refusal(ruling)(scope, receive, send)
            return
        if ruling.decided:
            await answer_as_marked(self.app, scope, body, receive, send)
        else:
            await self.app(scope, replay(body, receive), send)

    async def _ruling(self, scope: MutableMapping[str, Any], body: bytes) -> Ruling:
        query = scope["query_string"].decode("latin-1")
        marks = await asyncio.to_thread(read_marks, scope["method"], get_route_path(scope), query, body)
        if marks is None:
            return GOES_ON
        user = await signed_in_user(scope)
        if user is None:
            return GOES_ON
        try:
            return await asyncio.to_thread(self._rule, marks, user, scope["app"].state.dag_bag)
        except GovernanceError as fault:
            return Ruling(goes_on=False, reason=_told(fault))

    def _rule(self, request: MarkRequest, user: Any, dag_bag: Any) -> Ruling:
        """Blocks: runs in a thread."""
        from model_governance.web.waiting_gates import gates_ended_by

        if request.is_single and not may_on_task_instances(user, request.marks[0].dag_id):
            return GOES_ON  # Airflow refuses it itself
        gates = gates_ended_by(request.marks, dag_bag)
        if not gates:
            return GOES_ON
        if self._desk is None:
            from model_governance.web.desk import GovernanceDesk

            self._desk = GovernanceDesk()
        return rule_on(request, gates, user.get_name(), self._desk)


def _told(fault: GovernanceError) -> str:
    if isinstance(fault, ServiceUnavailable):
        return f"Nothing was marked, as the gate cannot be read now; try again. {fault}"
    return f"Nothing was marked: {fault}"


async def signed_in_user(scope: MutableMapping[str, Any]) -> Any | None:
    """Who asks, by Airflow's own rules (bearer token first, then the session's cookie); None for the anonymous."""
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
    from fastapi import HTTPException

    request = Request(scope)
    try:
        return await get_user(request, None, await bearer_scheme(request))
    except HTTPException:
        return None


def may_on_task_instances(user: Any, dag_id: str, method: Literal["GET", "PUT"] = "PUT") -> bool:
    """Whether Airflow would let the user mark (PUT) or see (GET) task instances of the DAG."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
    from airflow.models.dag import DagModel

    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    allowed: bool = get_auth_manager().is_authorized_dag(
        method=method, access_entity=DagAccessEntity.TASK_INSTANCE, details=details, user=user
    )
    return allowed


def _refusal(ruling: Ruling) -> JSONResponse:
    """403 for a refusal, 409 for a decision that is recorded but not yet enough; the header is for Airflow's pages."""
    status, kind = (409, "recorded") if ruling.decided else (403, "refused")
    return JSONResponse({"detail": ruling.reason}, status_code=status, headers={ANSWER_HEADER: kind})
