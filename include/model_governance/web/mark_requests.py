"""Reads a request to Airflow's API as the marks it asks for; apart, because Airflow's routes and bodies are not ours.

Bodies are validated by Airflow's own models: what Airflow is going to answer with 422 must not decide anything first.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

from pydantic import TypeAdapter


class Scope(StrEnum):
    """What a mark is put on."""

    TASK_INSTANCE = "task instance"
    TASK_GROUP = "task group"
    DAG_RUN = "DAG run"


class NewState(StrEnum):
    """What a mark asks for; ``deleted`` is no state of Airflow's but ends a waiting task all the same."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    DELETED = "deleted"


@dataclass(frozen=True)
class Mark:
    """One mark that a request asks for.

    Attributes:
        scope: What it is put on.
        dag_id: The DAG.
        run_id: The DAG run.
        name: The task's or the task group's id; empty for a DAG run.
        map_index: The mapped instance; None for all of them.
        new_state: What is asked for.
        note: What the person wrote with it.
        upstream, downstream, future, past: Whether relatives are marked with it.
    """

    scope: Scope
    dag_id: str
    run_id: str
    name: str
    new_state: NewState
    map_index: int | None = None
    note: str = ""
    upstream: bool = False
    downstream: bool = False
    future: bool = False
    past: bool = False

    @property
    def takes_relatives_along(self) -> bool:
        """Whether more than what it is put on is marked."""
        return self.upstream or self.downstream or self.future or self.past


@dataclass(frozen=True)
class MarkRequest:
    """A request and all the marks in it.

    Attributes:
        marks: What it asks for.
        is_single: Whether it is the route for one task instance, the only one by which a gate is decided.
    """

    marks: tuple[Mark, ...]
    is_single: bool


Parameters = dict[str, list[str]]

# The path parameters of Airflow's routes match ``[^/]+``, on the path after decoding and without the root path.
_RUN = r"^/api/v2/dags/(?P<dag>[^/]+)/dagRuns/(?P<run>[^/]+)"
_SINGLE = re.compile(_RUN + r"/taskInstances/(?P<task>[^/]+)(?:/(?!dry_run$)(?P<map_index>[^/]+))?$")
_BULK = re.compile(_RUN + r"/taskInstances$")
_GROUP = re.compile(_RUN + r"/taskGroupInstances/(?P<group>[^/]+)$")
_DAG_RUN = re.compile(_RUN + r"$")
_DAG_RUNS = re.compile(r"^/api/v2/dags/(?P<dag>[^/]+)/dagRuns$")
_IDENTIFIERS = {"task_id", "map_index", "dag_id", "dag_run_id"}


def may_mark(method: str, path: str) -> bool:
    """Whether a request by this method to this path could mark anything, so that its body is worth reading."""
    if method == "DELETE":
        return _SINGLE.match(path) is not None
    return method == "PATCH" and any(route.match(path) for route in _READERS)


def read_marks(method: str, path: str, query: str, body: bytes) -> MarkRequest | None:
    """The marks that a request asks for.

    Args:
        method: PATCH or DELETE.
        path: The path, decoded, without the root path.
        query: The query string.
        body: The whole body.

    Returns:
        None where it marks nothing: notes alone, a dry run, or what Airflow itself will refuse as malformed.
    """
    if method == "DELETE":
        return _deletion(path)
    parameters = parse_qs(query, keep_blank_values=True)
    for route, read in _READERS.items():
        match = route.match(path)
        if match is not None:
            try:
                return read(match, parameters, json.loads(body))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                return None
    return None


def _map_index(match: re.Match[str], parameters: Parameters) -> int | None:
    """The map index in path or query, read as Airflow reads it: ``-1.0`` is a number there."""
    given = match["map_index"] or next(reversed(parameters.get("map_index", [])), None)
    return None if given is None else TypeAdapter(int).validate_python(given)


def _deletion(path: str) -> MarkRequest | None:
    match = _SINGLE.match(path)
    if match is None or match["map_index"] is not None:
        return None
    mark = Mark(Scope.TASK_INSTANCE, match["dag"], match["run"], match["task"], NewState.DELETED)
    return MarkRequest((mark,), is_single=False)


def _single(match: re.Match[str], parameters: Parameters, content: Any) -> MarkRequest | None:
    mark = _task_instance_mark(match["dag"], match["run"], match["task"], content, parameters.get("update_mask"))
    if mark is None:
        return None
    return MarkRequest((replace(mark, map_index=_map_index(match, parameters)),), is_single=True)


def _group(match: re.Match[str], parameters: Parameters, content: Any) -> MarkRequest | None:
    mark = _task_instance_mark(
        match["dag"], match["run"], match["group"], content, parameters.get("update_mask"), Scope.TASK_GROUP
    )
    return None if mark is None else MarkRequest((mark,), is_single=False)


def _task_instance_mark(
    dag_id: str,
    run_id: str,
    name: str,
    content: Any,
    update_mask: list[str] | None,
    scope: Scope = Scope.TASK_INSTANCE,
) -> Mark | None:
    """The mark in the body of a single task instance or a task group; None where the state is not to be set."""
    from airflow.api_fastapi.core_api.datamodels.task_instances import PatchTaskInstanceBody

    body = PatchTaskInstanceBody.model_validate(content)
    fields = body.model_fields_set & set(update_mask) if update_mask else body.model_fields_set
    if "new_state" not in fields or body.new_state is None:
        return None
    return Mark(
        scope=scope,
        dag_id=dag_id,
        run_id=run_id,
        name=name,
        new_state=NewState(body.new_state.value),
        note=body.note or "",
        upstream=body.include_upstream,
        downstream=body.include_downstream,
        future=body.include_future,
        past=body.include_past,
    )


def _bulk(match: re.Match[str], _: Parameters, content: Any) -> MarkRequest | None:
    """The marks in a bulk request; entities that Airflow cannot resolve are left to its own answer."""
    from airflow.api_fastapi.core_api.datamodels.common import BulkBody, BulkDeleteAction, BulkUpdateAction
    from airflow.api_fastapi.core_api.datamodels.task_instances import BulkTaskInstanceBody

    marks: list[Mark] = []
    for action in BulkBody[BulkTaskInstanceBody].model_validate(content).actions:
        for each in action.entities:
            entity = BulkTaskInstanceBody(task_id=each) if isinstance(each, str) else each
            dag_id, run_id = entity.dag_id or match["dag"], entity.dag_run_id or match["run"]
            if isinstance(action, BulkDeleteAction):
                marks.append(Mark(Scope.TASK_INSTANCE, dag_id, run_id, entity.task_id, NewState.DELETED))
            elif isinstance(action, BulkUpdateAction):
                given = entity.model_dump(mode="json", exclude=_IDENTIFIERS, exclude_unset=True)
                mark = _task_instance_mark(dag_id, run_id, entity.task_id, given, action.update_mask)
                marks += [replace(mark, map_index=entity.map_index)] if mark else []
    return MarkRequest(tuple(marks), is_single=False) if marks else None


def _dag_run(match: re.Match[str], parameters: Parameters, content: Any) -> MarkRequest | None:
    from airflow.api_fastapi.core_api.datamodels.dag_run import DAGRunPatchBody

    body = DAGRunPatchBody.model_validate(content)
    update_mask = parameters.get("update_mask")
    if body.state is None or (update_mask and "state" not in update_mask):
        return None
    return _dag_run_marks([(match["dag"], match["run"], body.state.value)])


def _dag_runs(match: re.Match[str], _: Parameters, content: Any) -> MarkRequest | None:
    from airflow.api_fastapi.core_api.datamodels.common import BulkBody
    from airflow.api_fastapi.core_api.datamodels.dag_run import BulkDAGRunBody

    states: list[tuple[str, str, str]] = []
    for action in BulkBody[BulkDAGRunBody].model_validate(content).actions:
        if action.action.value != "update":
            continue
        for entity in action.entities:
            if not isinstance(entity, str) and entity.state is not None:
                states.append((entity.dag_id or match["dag"], entity.dag_run_id, entity.state.value))
    return _dag_run_marks(states)


def _dag_run_marks(states: list[tuple[str, str, str]]) -> MarkRequest | None:
    """Marks of whole runs; ``queued`` marks no task instance."""
    marks = tuple(
        Mark(Scope.DAG_RUN, dag_id, run_id, "", NewState(state))
        for dag_id, run_id, state in states
        if state in (NewState.SUCCESS, NewState.FAILED)
    )
    return MarkRequest(marks, is_single=False) if marks else None


_READERS = {_SINGLE: _single, _GROUP: _group, _BULK: _bulk, _DAG_RUN: _dag_run, _DAG_RUNS: _dag_runs}
