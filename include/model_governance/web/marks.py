"""The middleware that turns a mark on a waiting gate into a decision, before Airflow's own route runs.

Pure ASGI, next to the routes but for the turns of SQLite's writers: it sees what the route would see. Everything that
blocks (Airflow's database, the registry, the ledger) runs in a thread; a request that cannot mark anything costs a path
match.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from starlette._utils import get_route_path
from starlette.responses import JSONResponse

from model_governance.errors import GovernanceError, ServiceUnavailable
from model_governance.web.answers import ASGIApp, Receive, Send, answer_as_marked, refusal_answer, replay, whole_body
from model_governance.web.mark_requests import MarkRequest, may_mark, read_marks
from model_governance.web.rulings import GOES_ON, Desk, Ruling, rule_on
from model_governance.web.users import may_on_task_instances, signed_in_user


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


def _refusal(ruling: Ruling) -> JSONResponse:
    """403 for a refusal, 409 for a decision that is recorded but not yet enough."""
    return refusal_answer(*((409, ruling.reason, "recorded") if ruling.decided else (403, ruling.reason)))
