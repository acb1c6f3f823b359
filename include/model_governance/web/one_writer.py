"""One changing request at a time, where Airflow keeps its metadata in SQLite.

Airflow's routes write in a thread and commit once the event loop takes them up again; its audit log writes from the
event loop itself. SQLite admits one writer: the audit entry of one request then waits for the commit of another, which
waits for the event loop that the first one holds, and nothing moves until SQLite's patience ends with a 500. Servers of
PostgreSQL or MySQL lock rows, not the file, and are not asked to wait here.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from starlette._utils import get_route_path

from model_governance.web.answers import ASGIApp, Receive, Send, replay, whole_body

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = "/model-governance/"


class OneWriterMiddleware:
    """Hands changing requests on one after the other; reading ones, and those to the plugin's own routes, pass.

    A request takes its turn when all of its body has come, so that a slow client holds up nobody. Inner to the
    middleware of marks: a decision is taken before its mark takes its turn.

    Args:
        app: What comes next.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._turn = asyncio.Lock()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handles a request by ASGI's protocol."""
        if scope["type"] != "http" or scope["method"] in _READING or get_route_path(scope).startswith(_OURS):
            await self.app(scope, receive, send)
            return
        body = await whole_body(receive)
        if body is None:
            return
        async with self._turn:
            await self.app(scope, replay(body, receive), send)
