"""The triggerer acts as the decision service: a task cannot have it run a class of its own choice."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from airflow.jobs.triggerer_job_runner import TriggerRunner, TriggerRunnerSupervisor

from model_governance.errors import TriggerRefused
from model_governance.triggers import __main__ as program
from model_governance.triggers.allowed import ALLOWED, SETTING, allowed_triggers, run_only
from model_governance.triggers.approval import ApprovalTrigger
from model_governance.triggers.job import EndpointTrigger, JobTrigger

JOB = {"job_name": "loans", "job_type": "Training", "waiter_delay": 1, "waiter_max_attempts": 3, "aws_conn_id": "aws"}
TRIGGERS = [
    ApprovalTrigger("loans", "governance", "manual__1"),
    JobTrigger(**JOB),
    EndpointTrigger(endpoint_config="loans-v1-test", **JOB),
]


def runner_class() -> Any:
    """A class of Airflow's own runner that can be held without holding the tests'."""
    return type("Runner", (TriggerRunner,), {"get_trigger_by_classpath": TriggerRunner.get_trigger_by_classpath})


def look_up(classpath: str, environment: dict[str, str] | None = None) -> Any:
    held = runner_class()
    run_only(allowed_triggers(environment or {}), held)
    runner = held.__new__(held)
    runner.trigger_cache = {}
    return runner.get_trigger_by_classpath(classpath)


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: type(trigger).__name__)
def test_the_triggers_that_the_process_defers_by_are_run(trigger: Any) -> None:
    assert look_up(trigger.serialize()[0]) is type(trigger)


def test_every_allowed_trigger_is_there() -> None:
    assert {look_up(path).__name__ for path in ALLOWED} == {path.rpartition(".")[2] for path in ALLOWED}


@pytest.mark.parametrize(
    "classpath",
    [
        "airflow.triggers.callback.CallbackTrigger",
        "airflow.providers.standard.triggers.file.FileTrigger",
        "model_governance.triggers.approval.os.system",
        "model_governance.triggers.approval.ApprovalTrigger ",
        "",
    ],
)
def test_another_class_is_refused_and_the_setting_named(classpath: str) -> None:
    with pytest.raises(TriggerRefused, match=SETTING):
        look_up(classpath)


def test_a_refused_class_is_not_even_imported(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dag_authors_own.py").write_text("import os\nos.environ['WAS_IMPORTED'] = 'yes'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(TriggerRefused, match="dag_authors_own"):
        look_up("dag_authors_own.Trigger")
    assert "WAS_IMPORTED" not in os.environ
    assert "dag_authors_own" not in sys.modules


RUNS_CODE = "{{ macros.json.codecs.builtins.setattr(macros.json.codecs.sys, 'model_governance_was_run', True) }}"


def rendered(field: str, value: Any, *, trigger: Any = None) -> Any:
    """A trigger as the runner makes it of a task that starts from its trigger, with its templates rendered."""
    from airflow.sdk.execution_time import macros

    made = trigger or look_up(ApprovalTrigger("loans", "governance", "manual__1").serialize()[0])(
        **{"use_case": "loans", "gate": "governance", "run_id": "x", field: value}
    )
    made.template_fields = (field,)
    made.render_template_fields(context={"run_id": "manual__7", "macros": macros})
    return getattr(made, field)


def test_the_gates_own_template_is_the_runs_id() -> None:
    assert rendered("run_id", "{{ run_id }}") == "manual__7"
    assert rendered("use_case", "loans") == "loans"


@pytest.mark.parametrize("field", ["use_case", "gate", "run_id"])
@pytest.mark.parametrize("template", [RUNS_CODE, f"{RUNS_CODE}.sql", [RUNS_CODE], {"a": RUNS_CODE}, "{% set a = 1 %}"])
def test_a_template_runs_no_code_as_the_decision_service(field: str, template: Any) -> None:
    with pytest.raises(TriggerRefused, match="is a template"):
        rendered(field, template)
    assert not hasattr(sys, "model_governance_was_run")


def test_nor_does_a_template_of_another_trigger() -> None:
    found = look_up(EndpointTrigger(endpoint_config="x", **JOB).serialize()[0])
    with pytest.raises(TriggerRefused, match="is a template"):
        rendered("endpoint_config", RUNS_CODE, trigger=found(endpoint_config=RUNS_CODE, **JOB))
    assert not hasattr(sys, "model_governance_was_run")


def test_an_installation_can_allow_others() -> None:
    path = "airflow.providers.standard.triggers.file.FileTrigger"
    assert look_up(path, {SETTING: f"a.b.C, {path}"}).__name__ == "FileTrigger"


def test_an_airflow_that_looks_triggers_up_otherwise_runs_none() -> None:
    class Runner:
        def get_trigger_by_classpath(self, classpath: str, bundle: str) -> None: ...

    for unknown in (Runner, object):
        with pytest.raises(TriggerRefused, match="no trigger is run"):
            run_only(ALLOWED, unknown)


def test_the_program_does_not_start_what_it_cannot_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(TriggerRunner, "get_trigger_by_classpath")
    with pytest.raises(SystemExit, match="no trigger is run"):
        program.main([])


def test_the_runner_is_forked_from_the_program_and_so_is_held_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forked(Exception):
        pass

    def fork() -> int:
        raise Forked

    monkeypatch.setattr(os, "fork", fork)
    with pytest.raises(Forked):
        TriggerRunnerSupervisor.start(job=None, capacity=1)
