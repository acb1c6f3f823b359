"""The middleware that enters an order for production before Airflow's own route triggers the run that carries it out.

Here Airflow knows who is signed in, and here is the key by which an order counts: the run's task has neither. Who may
not is refused at once, and no run begins.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import MutableMapping
from typing import Any, Protocol

from starlette._utils import get_route_path

from model_governance.domain.orders import Operation
from model_governance.errors import AccessRefused, GovernanceError, LedgerBroken, ServiceUnavailable
from model_governance.web.answers import ASGIApp, Receive, Send, refusal_answer, replay, whole_body, with_length
from model_governance.web.order_requests import CONTROL_DAG, OrderForm, OrderRequest, may_order, read_order_request
from model_governance.web.users import may_trigger, signed_in_user

log = logging.getLogger(__name__)

_SECONDS_A_STOP_WAITS = 5.0


class OrderDesk(Protocol):
    """Where orders are entered."""

    def order(self, form: OrderForm, order_id: str, username: str) -> None:
        """Enters the order of the person behind an Airflow user.

        Raises:
            GovernanceError: It is refused, or cannot be entered.
        """


class OrderMiddleware:
    """Enters orders for production; every other request passes untouched.

    Args:
        app: What comes next.
        desk: Where orders are entered; the installation's own by default.
    """

    def __init__(self, app: ASGIApp, desk: OrderDesk | None = None) -> None:
        self.app = app
        self._desk = desk

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handles a request by ASGI's protocol."""
        if scope["type"] != "http" or not may_order(scope["method"], get_route_path(scope)):
            await self.app(scope, receive, send)
            return
        body = await whole_body(receive)
        if body is None:
            return
        asked = await asyncio.to_thread(read_order_request, body)
        user = await signed_in_user(scope) if asked is not None else None
        if asked is None or user is None:  # Airflow refuses it itself
            await self.app(scope, replay(body, receive), send)
            return
        refused = await self._ruling(asked, user)
        if refused is not None:
            await refusal_answer(*refused)(scope, receive, send)
            return
        await self.app(with_length(scope, len(asked.body)), replay(asked.body, receive), send)

    async def _ruling(self, asked: OrderRequest, user: Any) -> tuple[int, str] | None:
        """Enters the order, in a thread; a stop waits for that no longer than five seconds.

        What is entered later is a record all the same; who may stop is asked again by whoever carries it out.
        """
        ruling = asyncio.ensure_future(asyncio.to_thread(self._refused, asked, user))
        is_stop = asked.form is not None and asked.form.action is Operation.STOP
        done, _ = await asyncio.wait({ruling}, timeout=_SECONDS_A_STOP_WAITS if is_stop else None)
        if not done:
            log.warning("the stop %s goes on while its order is being entered", asked.order_id)
            ruling.add_done_callback(_tell_fault)
            return None
        return ruling.result()

    def _refused(self, asked: OrderRequest, user: Any) -> tuple[int, str] | None:
        """Enters the order; the status and reason of a refusal, None where the run may begin. Blocks."""
        if not may_trigger(user, CONTROL_DAG):
            return None  # Airflow refuses it itself
        if asked.form is None:
            return 422, f"Nothing was ordered: {asked.fault}"
        try:
            self._desk_of_the_installation().order(asked.form, asked.order_id, user.get_name())
        except (ServiceUnavailable, LedgerBroken, AccessRefused) as fault:
            if asked.form.action is not Operation.STOP:
                return (503 if isinstance(fault, ServiceUnavailable) else 403), f"Nothing was ordered: {fault}"
            log.warning("the stop %s goes on without its order on record: %s", asked.order_id, fault)
        except GovernanceError as fault:
            return 403, f"Nothing was ordered: {fault}"
        return None

    def _desk_of_the_installation(self) -> OrderDesk:
        if self._desk is None:
            from model_governance.web.desk import GovernanceDesk

            self._desk = GovernanceDesk()
        return self._desk


def _tell_fault(ruling: asyncio.Future[tuple[int, str] | None]) -> None:
    """Takes the outcome of an order that nobody waits for any more."""
    fault = ruling.exception() if not ruling.cancelled() else None
    if fault is not None:
        log.warning("an order was not entered: %s", fault)
