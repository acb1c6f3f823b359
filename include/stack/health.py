"""Whether each part does its work, asked of the parts themselves: a process that runs is not yet one that serves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx

from stack.environment import Program
from stack.settings import Settings
from stack.supervision import Part

_HEARTBEATS = {
    Program.SCHEDULER: ("scheduler", "latest_scheduler_heartbeat"),
    Program.TRIGGERER: ("triggerer", "latest_triggerer_heartbeat"),
    Program.DAG_PROCESSOR: ("dag_processor", "latest_dag_processor_heartbeat"),
}


def faults(settings: Settings, listed: list[Part]) -> dict[str, str]:
    """What is wrong with each part that does not serve; empty when all is well.

    Args:
        settings: Where the parts listen.
        listed: The parts as supervisor sees them. A heartbeat older than its part's start is another process's.
    """
    found = {}
    with httpx.Client(trust_env=False, timeout=5) as client:
        airflow = _json(client, f"{settings.airflow_url}/api/v2/monitor/health")
        for part in listed:
            if part.state == "STOPPED" and part.name == Program.S3 and not settings.s3_is_ours:
                continue
            fault = part.state.lower() if part.state != "RUNNING" else _fault(client, settings, part, airflow)
            if fault:
                found[part.name] = fault
    return found


def _fault(client: httpx.Client, settings: Settings, part: Part, airflow: dict[str, Any] | None) -> str:
    if part.name in _HEARTBEATS:
        return _heartbeat_fault(part, airflow)
    if part.name == Program.API_SERVER:
        return _api_server_fault(client, settings, airflow)
    addresses = {
        Program.S3: (settings.s3_url, {200, 403}),
        Program.SAGEMAKER: (f"{settings.sagemaker_url}/ping", {200}),
        Program.STUBS: (f"http://{settings.host}:{settings.stubs_port}/ping", {200}),
        Program.LOGS: (f"http://{settings.host}:{settings.log_port}/", {200, 403, 404}),
    }
    url, expected = addresses[Program(part.name)]
    try:
        status = client.get(url).status_code
    except httpx.HTTPError:
        return "does not answer yet"
    return "" if status in expected else f"answers {status}"


def _api_server_fault(client: httpx.Client, settings: Settings, airflow: dict[str, Any] | None) -> str:
    if airflow is None or airflow["metadatabase"]["status"] != "healthy":
        return "does not answer yet"
    # Made when it is first asked, which takes longer than a task waits for its first answer.
    tasks_side = _json(client, f"{settings.airflow_url}/execution/health")
    return "" if tasks_side is not None else "does not answer tasks yet"


def _heartbeat_fault(part: Part, airflow: dict[str, Any] | None) -> str:
    if airflow is None:
        return "waits for the api-server"
    component, latest = _HEARTBEATS[Program(part.name)]
    state = airflow.get(component) or {}
    if state.get("status") != "healthy" or not state.get(latest):
        return "no heartbeat yet"
    return "" if datetime.fromisoformat(state[latest]).timestamp() >= part.started else "no heartbeat yet"


def _json(client: httpx.Client, url: str) -> dict[str, Any] | None:
    try:
        answer = client.get(url)
        return dict(answer.json()) if answer.status_code == 200 else None
    except (httpx.HTTPError, ValueError):
        return None
