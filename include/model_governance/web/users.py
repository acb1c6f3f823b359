"""Who asks, and what Airflow lets them do; by its own rules, not ours."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Literal

from starlette.requests import Request


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
    return _may(user, dag_id, method, "TASK_INSTANCE")


def may_trigger(user: Any, dag_id: str) -> bool:
    """Whether Airflow would let the user trigger the DAG."""
    return _may(user, dag_id, "POST", "RUN")


def _may(user: Any, dag_id: str, method: Literal["GET", "PUT", "POST"], entity: str) -> bool:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
    from airflow.models.dag import DagModel

    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    allowed: bool = get_auth_manager().is_authorized_dag(
        method=method, access_entity=DagAccessEntity[entity], details=details, user=user
    )
    return allowed
