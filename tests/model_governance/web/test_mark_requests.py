"""What a request to Airflow's API asks to mark, read as Airflow itself reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model_governance.web.mark_requests import Mark, MarkRequest, NewState, Scope, may_mark, read_marks

RUN = "/api/v2/dags/model_lifecycle.loans/dagRuns/manual__1"
TASK = f"{RUN}/taskInstances/governance_approval.wait"


def read(path: str, body: Any = None, *, query: str = "", method: str = "PATCH") -> MarkRequest | None:
    return read_marks(method, path, query, json.dumps(body).encode() if body is not None else b"")


def a_mark(**changes: Any) -> Mark:
    plain: dict[str, Any] = {
        "scope": Scope.TASK_INSTANCE,
        "dag_id": "model_lifecycle.loans",
        "run_id": "manual__1",
        "name": "governance_approval.wait",
        "new_state": NewState.SUCCESS,
    }
    return Mark(**{**plain, **changes})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", TASK),
        ("PATCH", f"{TASK}/-1"),
        ("PATCH", f"{RUN}/taskInstances"),
        ("PATCH", f"{RUN}/taskGroupInstances/governance_approval"),
        ("PATCH", RUN),
        ("PATCH", "/api/v2/dags/~/dagRuns"),
        ("DELETE", TASK),
    ],
)
def test_every_route_that_marks_is_seen(method: str, path: str) -> None:
    assert may_mark(method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", TASK),
        ("POST", TASK),
        ("PATCH", f"{TASK}/dry_run"),
        ("PATCH", f"{TASK}/0/dry_run"),
        ("PATCH", f"{RUN}/taskGroupInstances/governance_approval/dry_run"),
        ("PATCH", f"{TASK}/0/hitlDetails"),
        ("PATCH", f"{TASK}/xcomEntries/key"),
        ("POST", "/api/v2/dags/model_lifecycle.loans/clearTaskInstances"),
        ("PATCH", "/api/v2/dags/model_lifecycle.loans"),
    ],
)
def test_dry_runs_clearing_and_everything_else_are_left_alone(method: str, path: str) -> None:
    assert not may_mark(method, path)


def test_a_single_mark_carries_its_note() -> None:
    asked = read(TASK, {"new_state": "success", "note": "the evidence is complete"})
    assert asked == MarkRequest((a_mark(note="the evidence is complete"),), is_single=True)


@pytest.mark.parametrize(("path", "query"), [(f"{TASK}/2", ""), (TASK, "map_index=2"), (f"{TASK}/2.0", "")])
def test_the_map_index_is_read_from_path_or_query_as_airflow_reads_it(path: str, query: str) -> None:
    asked = read(path, {"new_state": "failed"}, query=query)
    assert asked == MarkRequest((a_mark(new_state=NewState.FAILED, map_index=2),), is_single=True)


@pytest.mark.parametrize("part", ["upstream", "downstream", "future", "past"])
def test_relatives_marked_along_are_seen(part: str) -> None:
    asked = read(TASK, {"new_state": "success", f"include_{part}": True})
    assert asked is not None
    assert asked.marks[0].takes_relatives_along


@pytest.mark.parametrize(
    "body",
    [
        {"note": "only a note"},
        {"new_state": "running"},
        {"new_state": "success", "unknown": 1},
        {"new_state": None},
        [],
        "success",
    ],
)
def test_what_airflow_refuses_or_what_sets_no_state_marks_nothing(body: Any) -> None:
    assert read(TASK, body) is None


def test_a_body_that_is_no_json_marks_nothing() -> None:
    assert read_marks("PATCH", TASK, "", b"{") is None


def test_an_update_mask_without_the_state_marks_nothing() -> None:
    assert read(TASK, {"new_state": "success", "note": "x"}, query="update_mask=note") is None
    assert read(TASK, {"new_state": "success", "note": "x"}, query="update_mask=") is None
    assert read(TASK, {"new_state": "success"}, query="update_mask=note&update_mask=new_state") is not None


def test_a_task_group_is_one_mark_on_the_group() -> None:
    asked = read(f"{RUN}/taskGroupInstances/governance_approval", {"new_state": "success"})
    assert asked == MarkRequest((a_mark(scope=Scope.TASK_GROUP, name="governance_approval"),), is_single=False)


def test_a_bulk_request_is_read_entity_by_entity_wildcards_resolved() -> None:
    entity = {"task_id": "governance_approval.wait", "new_state": "success", "note": "me"}
    elsewhere = {**entity, "dag_id": "model_lifecycle.cards", "dag_run_id": "manual__2", "map_index": 0}
    asked = read(
        "/api/v2/dags/model_lifecycle.loans/dagRuns/manual__1/taskInstances",
        {"actions": [{"action": "update", "entities": [entity, elsewhere], "update_mask": ["new_state", "note"]}]},
    )
    assert asked == MarkRequest(
        (a_mark(note="me"), a_mark(note="me", dag_id="model_lifecycle.cards", run_id="manual__2", map_index=0)),
        is_single=False,
    )


@pytest.mark.parametrize("entity", ["governance_approval.wait", {"task_id": "governance_approval.wait"}])
def test_a_bulk_deletion_takes_the_waiting_task_away(entity: Any) -> None:
    asked = read(f"{RUN}/taskInstances", {"actions": [{"action": "delete", "entities": [entity]}]})
    assert asked == MarkRequest((a_mark(new_state=NewState.DELETED),), is_single=False)


def test_a_single_deletion_takes_the_waiting_task_away() -> None:
    assert read(TASK, method="DELETE") == MarkRequest((a_mark(new_state=NewState.DELETED),), is_single=False)


@pytest.mark.parametrize(("state", "marks"), [("success", 1), ("failed", 1), ("queued", 0)])
def test_a_whole_run_is_marked_by_success_and_failed_alone(state: str, marks: int) -> None:
    asked = read(RUN, {"state": state})
    assert len(asked.marks if asked else ()) == marks
    bulk = {"actions": [{"action": "update", "entities": [{"dag_run_id": "manual__1", "state": state}]}]}
    asked = read("/api/v2/dags/model_lifecycle.loans/dagRuns", bulk)
    assert len(asked.marks if asked else ()) == marks
