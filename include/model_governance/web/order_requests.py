"""Reads a request that triggers production control as the order in it; apart, because Airflow's bodies are not ours."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model_governance.domain.orders import Operation

CONTROL_DAG = "production_control"
_JSON = re.compile(r"application/(?:[^/;\s]+\+)?json")
_TRIGGER = re.compile(r"^/api/v2/dags/(?P<dag>[^/]+)/dagRuns$")


class OrderForm(BaseModel):
    """The form of production control, as far as an order needs it; nothing is guessed that was left out.

    Attributes:
        action: What is to be done.
        use_case: To which use case's production.
        reason: Why.
        to_version: Of a roll-back: which version is to serve.
        drill: Of a stop: whether it is an exercise.
    """

    model_config = ConfigDict(frozen=True)

    action: Operation
    use_case: str = Field(min_length=1, max_length=63)
    reason: str = Field(min_length=1, max_length=1000)
    to_version: int | None = Field(default=None, strict=True, ge=1)
    drill: bool = Field(default=False, strict=True)


@dataclass(frozen=True)
class OrderRequest:
    """A trigger of production control.

    Attributes:
        form: What was filled in; None where it is no order.
        fault: Why it is none; empty where it is one.
        run_id: The run's id: the one asked for, or a new one.
        body: The request's body, with that id.
    """

    form: OrderForm | None
    fault: str
    run_id: str
    body: bytes

    @property
    def order_id(self) -> str:
        """What tells the order from others."""
        return f"{CONTROL_DAG}/{self.run_id}"


def may_order(method: str, path: str, content_types: list[str]) -> bool:
    """Whether a request triggers production control.

    Args:
        method: Of the request.
        path: Decoded, without the root path.
        content_types: What it says of its body. What does not say that it is JSON Airflow does not read as such, and
            another site's form can send it.
    """
    match = _TRIGGER.match(path) if method == "POST" else None
    if match is None or match["dag"] != CONTROL_DAG:
        return False
    kinds = [each.partition(";")[0].strip().lower() for each in content_types]
    return bool(kinds) and all(_JSON.fullmatch(each) for each in kinds)


def read_order_request(body: bytes) -> OrderRequest | None:
    """The order that a trigger gives; None where Airflow itself will refuse the body."""
    from airflow.api_fastapi.core_api.datamodels.dag_run import TriggerDAGRunPostBody

    try:
        content: dict[str, Any] = json.loads(body)
        asked = TriggerDAGRunPostBody.model_validate(content)
    except (ValueError, TypeError, RecursionError):
        return None
    run_id = asked.dag_run_id or f"manual__{datetime.now(UTC).isoformat()}_{secrets.token_hex(4)}"
    named = json.dumps({**content, "dag_run_id": run_id}).encode()
    try:
        return OrderRequest(OrderForm.model_validate(asked.conf or {}), "", run_id, named)
    except ValidationError as faults:
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults.errors())
        return OrderRequest(None, said, run_id, named)
