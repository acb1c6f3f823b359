"""What the demonstration says, without a stack to run it on: at a gate, of a run's stages, where nothing runs."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from rich.console import Console
from tests.model_governance.cli.conftest import Command
from tests.model_governance.decisions.conftest import Case

from model_governance.cli import gate_notice
from model_governance.cli.approvers import comment_on
from model_governance.cli.gate_notice import approval_command, deciders, tell
from model_governance.cli.live_view import STAGES, RunView, stage_state, stage_table
from model_governance.domain.decision import Gate
from model_governance.domain.request import GateRequest
from model_governance.hooks.airflow_api import TaskInstance
from stack.settings import Settings

PAGE = f"http://127.0.0.1:8080/dags/model_lifecycle.loan-approval/runs/{'r' * 60}/tasks/governance_approval.wait"


@pytest.fixture
def request_with_a_warning(case: Case) -> GateRequest:
    case.approve_use_case()
    case.candidate(warning=True)
    return GateRequest.model_validate(case.request(Gate.GOVERNANCE).body)


def test_a_gate_is_told_with_people_evidence_and_warnings_and_unbroken_addresses(
    case: Case, request_with_a_warning: GateRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(request_with_a_warning, case.pipeline, PAGE)
    said = capsys.readouterr().out
    framed = [line for line in said.splitlines() if line.startswith(("╭", "│", "╰"))]
    assert {len(line) for line in framed} == {80}
    flat = " ".join(said.replace("│", " ").split())
    assert "who may decide governance-officer (role governance_officer; risk High)" in flat
    assert "evidence data_quality warning, pre_training_bias pass" in flat
    assert "answer in the comment difference_in_proportions_of_labels 0.2 (facet white) exceeds 0.1" in flat
    assert f"  {PAGE}" in said.splitlines()
    assert f"  {approval_command(request_with_a_warning, 'governance-officer')}" in said.splitlines()


def test_only_those_who_may_are_named(case: Case, request_with_a_warning: GateRequest) -> None:
    assert deciders(request_with_a_warning, case.pipeline) == ["governance-officer"]
    as_owner = request_with_a_warning.model_copy(update={"owner": "governance-officer"})
    assert deciders(as_owner, case.pipeline) == []
    named = request_with_a_warning.model_copy(update={"approvers": ("somebody-else",)})
    assert deciders(named, case.pipeline) == []


def test_a_command_names_the_stack_that_it_is_for(
    request_with_a_warning: GateRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "a stack's home"
    monkeypatch.setenv("MODEL_GOVERNANCE_HOME", str(home))
    shown = approval_command(request_with_a_warning, "governance-officer")
    parsed = subprocess.run(["bash", "-n", "-c", shown], capture_output=True, text=True, check=False)
    assert (parsed.returncode, parsed.stderr) == (0, "")
    assert f"MODEL_GOVERNANCE_HOME={shlex.quote(str(home))} " in shown
    monkeypatch.delenv("MODEL_GOVERNANCE_HOME")
    assert "MODEL_GOVERNANCE_HOME" not in approval_command(request_with_a_warning, "governance-officer")


def test_a_program_under_the_folder_is_called_by_its_short_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(gate_notice.sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    assert gate_notice.program("model-governance") == str(tmp_path / ".venv" / "bin" / "model-governance")
    monkeypatch.chdir(tmp_path)
    assert gate_notice.program("model-governance") == ".venv/bin/model-governance"


def test_a_comment_speaks_of_evidence_only_where_there_is_some(request_with_a_warning: GateRequest) -> None:
    assert "difference_in_proportions_of_labels 0.2" in comment_on(request_with_a_warning)
    without = request_with_a_warning.model_copy(update={"evidence": ()})
    assert "evidence" not in comment_on(without)
    complete = request_with_a_warning.model_copy(update={"evidence": request_with_a_warning.evidence[1:]})
    assert "the evidence is complete" in comment_on(complete)


def tasks(state: str) -> list[TaskInstance]:
    return [TaskInstance(task_id=f"{stage}.task_number_{n}", state=state) for stage in STAGES for n in range(4)]


def test_the_stages_fit_80_columns_and_say_states_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(width=80, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(
            stage_table("a run", [*tasks("success")[4:], TaskInstance(task_id=f"{STAGES[0]}.wait", state="deferred")])
        )
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert any("use case approval" in line and "waits" in line for line in lines)
    assert any("training" in line and "done" in line for line in lines)


def test_without_a_terminal_each_step_is_a_line_and_what_is_only_queued_is_none() -> None:
    console = Console(width=80, force_terminal=False)
    view = RunView(console, "a run")
    with console.capture() as captured:
        for state in (None, "scheduled", "queued", "running", "running", "deferred", "success"):
            view.show([TaskInstance(task_id="training.train", state=state)])
        view.show([TaskInstance(task_id="test_deployment.deploy", state="upstream_failed")])
    assert captured.get().splitlines() == ["▶ training.train runs", "⏸ training.train waits", "✔ training.train done"]
    assert stage_state([TaskInstance(task_id="a.b", state="failed"), TaskInstance(task_id="a.c")]) == "failed"


def test_a_demonstration_without_a_stack_or_with_nonsense_ends_in_one_line(command: Command, tmp_path: Path) -> None:
    nowhere: dict[str, str | None] = {"MODEL_GOVERNANCE_HOME": str(tmp_path / "none")}
    said = command("data-scientist", "demo", environment=nowhere)
    assert "the embedded stack does not know data-scientist" in said.refusal
    assert "make up" in said.refusal
    assert command("data-scientist", "demo", "--approve", "perhaps").status == 2
    assert command("data-scientist", "demo", "--minutes", "0").status == 2


def test_a_demonstration_without_airflow_ends_in_one_line(
    case: Case, command: Command, stack_settings: Settings
) -> None:
    home: dict[str, str | None] = {**stack_settings.exported, "MODEL_GOVERNANCE_USE_CASES": str(case.folder.parent)}
    home |= {"MODEL_GOVERNANCE_POLICIES": str(case.policies), "MODEL_GOVERNANCE_AIRFLOW_URL": "http://127.0.0.1:9"}
    unknown = command("data-scientist", "demo", "--use-case", "nonsense", environment=home)
    assert "there is no use case 'nonsense'" in unknown.refusal
    said = command("data-scientist", "demo", "--use-case", case.name, environment=home)
    assert said.refusal.startswith("unavailable: Airflow at http://127.0.0.1:9 ")
