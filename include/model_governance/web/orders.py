"""The middleware that enters an order for production before Airflow's own route triggers the run that carries it out.

Here Airflow knows who is signed in, and here is the key by which an order counts: the run's task has neither. Who may
not is refused at once, and no run begins.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from starlette._utils import get_route_path

from model_governance.domain.orders import Operation
from model_governance.errors import DecisionRefused, GovernanceError, ServiceUnavailable
from model_governance.web.answers import ASGIApp, Receive, Send, refusal_answer, replay, whole_body, with_length
from model_governance.web.order_requests import CONTROL_DAG, OrderForm, OrderRequest, may_order, read_order_request
from model_governance.web.users import may_trigger, signed_in_user

log = logging.getLogger(__name__)

_SECONDS_A_STOP_WAITS = 5.0
_NOT_OK = 300
_RUN_IS_THERE = 409
"""Of a request that was sent again: the run of the first one carries the order out."""


_THREADS = 8


class OrderDesk(Protocol):
    """Where orders are entered."""

    def order(self, form: OrderForm, order_id: str, username: str) -> None:
        """Enters the order of the person behind an Airflow user.

        Raises:
            GovernanceError: It is refused, or cannot be entered.
        """

    def withdraw(self, form: OrderForm, order_id: str, username: str, why: str) -> None:
        """Withdraws that user's order, which no run will carry out; one that is not on record, or another's, is left.

        Raises:
            GovernanceError: It cannot be withdrawn.
        """


class OrderMiddleware:
    """Enters orders for production; every other request passes untouched.

    Threads of its own, and others for stops: what hangs holds up no stop, and nothing else of the server.

    Args:
        app: What comes next.
        desk: Where orders are entered; the installation's own by default.
    """

    def __init__(self, app: ASGIApp, desk: OrderDesk | None = None) -> None:
        self.app = app
        self._desk = desk
        self._threads = ThreadPoolExecutor(_THREADS, "orders")
        self._stops = ThreadPoolExecutor(_THREADS, "stops")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handles a request by ASGI's protocol."""
        if scope["type"] != "http" or not _may_order(scope):
            await self.app(scope, receive, send)
            return
        body = await whole_body(receive)
        if body is None:
            return
        asked = read_order_request(body)
        user = await signed_in_user(scope) if asked is not None else None
        if asked is None or user is None:  # Airflow refuses it itself
            await self.app(scope, replay(body, receive), send)
            return
        refused = await self._ruling(asked, user)
        if refused is not None:
            await refusal_answer(*refused)(scope, receive, send)
            return
        answered: list[int] = []

        async def send_and_see(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])
            await send(message)

        try:
            await self.app(with_length(scope, len(asked.body)), replay(asked.body, receive), send_and_see)
        finally:
            if not answered or (answered[0] >= _NOT_OK and answered[0] != _RUN_IS_THERE):
                why = f"Airflow answered {answered[0] if answered else 'nothing'}"
                self._threads.submit(self._withdraw, asked, user, why)

    async def _ruling(self, asked: OrderRequest, user: Any) -> tuple[int, str] | None:
        """Enters the order, in a thread; a stop waits for that no longer than five seconds.

        What is entered later is a record all the same; who may stop is asked again by whoever carries it out.
        """
        is_stop = asked.form is not None and asked.form.action is Operation.STOP
        threads = self._stops if is_stop else self._threads
        ruling = asyncio.get_running_loop().run_in_executor(threads, self._refused, asked, user)
        done, _ = await asyncio.wait({ruling}, timeout=_SECONDS_A_STOP_WAITS if is_stop else None)
        if done:
            return ruling.result()
        log.warning("the stop %s goes on while its order is being entered", asked.order_id)
        return None

    def _refused(self, asked: OrderRequest, user: Any) -> tuple[int, str] | None:
        """Enters the order; the status and reason of a refusal, None where the run may begin. Blocks.

        A stop is refused to who may not stop, and for nothing else.
        """
        if asked.form is None:
            return (422, f"Nothing was ordered: {asked.fault}") if may_trigger(user, CONTROL_DAG) else None
        try:
            if may_trigger(user, CONTROL_DAG):  # otherwise Airflow refuses it itself
                self._desk_of_the_installation().order(asked.form, asked.order_id, user.get_name())
        except DecisionRefused as fault:
            return 403, f"Nothing was ordered: {fault}"
        except Exception as fault:
            if asked.form.action is Operation.STOP:
                log.warning("the stop %s goes on without its order on record: %s", asked.order_id, fault)
                return None
            if not isinstance(fault, GovernanceError):
                raise
            self._threads.submit(self._withdraw, asked, user, "it could not be entered in time")
            return (503 if isinstance(fault, ServiceUnavailable) else 403), f"Nothing was ordered: {fault}"
        return None

    def _withdraw(self, asked: OrderRequest, user: Any, why: str) -> None:
        """Takes the user's order back that no run carries out. Blocks."""
        if asked.form is None:
            return
        try:
            if may_trigger(user, CONTROL_DAG):  # otherwise none was entered
                self._desk_of_the_installation().withdraw(asked.form, asked.order_id, user.get_name(), why)
        except Exception as fault:  # it counts for an hour then, for what it says alone
            log.warning("the order %s, of which no run has begun, is not withdrawn: %s", asked.order_id, fault)

    def _desk_of_the_installation(self) -> OrderDesk:
        if self._desk is None:
            from model_governance.web.desk import GovernanceDesk

            self._desk = GovernanceDesk()
        return self._desk


def _may_order(scope: MutableMapping[str, Any]) -> bool:
    kinds = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"content-type"]
    return may_order(scope["method"], get_route_path(scope), kinds)
