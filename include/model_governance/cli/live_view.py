"""A run of the lifecycle as a person watches it in a terminal: stages, their tasks, and how far each is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from model_governance.hooks.airflow_api import TaskInstance

STAGES = (
    "use_case_approval",
    "data_quality",
    "training",
    "bias_evaluation",
    "governance_approval",
    "test_deployment",
    "production_approval",
    "production_deployment",
)

_LOOKS = {
    "success": ("✔", "green"),
    "failed": ("✘", "bold red"),
    "upstream_failed": ("·", "dim"),
    "running": ("▶", "cyan"),
    "deferred": ("⏸", "yellow"),
    "up_for_retry": ("↻", "magenta"),
    "skipped": ("→", "dim"),
    "removed": ("·", "dim"),
}
_QUIET = ("·", "dim")
_WORDS = {
    "success": "done",
    "running": "runs",
    "deferred": "waits",
    "up_for_retry": "is tried again soon",
    "upstream_failed": "not reached",
    "waiting": "",
}
_TOLD = ("success", "failed", "running", "deferred", "up_for_retry", "skipped")
"""The states worth a line; what is scheduled, queued or not reached is not."""
_BY_URGENCY = ("failed", "up_for_retry", "running", "deferred", "queued", "scheduled", "restarting")


def stage_state(tasks: Sequence[TaskInstance]) -> str:
    """One word for a stage from its tasks' states: the most urgent one, ``success`` when all are done."""
    states = {task.state or "waiting" for task in tasks}
    for state in _BY_URGENCY:
        if state in states:
            return state
    if states and states <= {"success", "skipped"}:
        return "success"
    return "upstream_failed" if "upstream_failed" in states else "waiting"


def stage_table(title: str, tasks: Iterable[TaskInstance]) -> Table:
    """The stages of a run as a table."""
    by_stage = _by_stage(tasks)
    table = Table(title=title, title_justify="left", expand=False)
    table.add_column("")
    table.add_column("stage")
    table.add_column("state")
    table.add_column("tasks")
    for stage in STAGES:
        members = by_stage.get(stage, [])
        state = stage_state(members)
        sign, style = _LOOKS.get(state, _QUIET)
        tasks_cell = Text(" ").join(_task_cell(task) for task in members)
        table.add_row(Text(sign, style), stage.replace("_", " "), Text(_WORDS.get(state, state), style), tasks_cell)
    return table


class RunView:
    """Shows a run: a table redrawn in place in a terminal, a line for each change where there is none."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._shown: dict[str, str | None] = {}
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def start(self) -> None:
        """Begin to draw."""
        if self._live:
            self._live.start()

    def stop(self) -> None:
        """Leave the last table standing; idempotent."""
        if self._live:
            self._live.stop()

    def show(self, tasks: Sequence[TaskInstance]) -> None:
        """Draw the tasks as they are now."""
        if self._live:
            self._live.update(stage_table(self._title, tasks), refresh=True)
            return
        for task in sorted(tasks, key=lambda each: each.start_date or "~"):
            if self._shown.get(task.task_id) != task.state and task.state in _TOLD:
                self._shown[task.task_id] = task.state
                sign, style = _LOOKS.get(task.state, _QUIET)
                self._console.print(
                    Text.assemble((sign, style), f" {task.task_id} {_WORDS.get(task.state, task.state)}")
                )


def _by_stage(tasks: Iterable[TaskInstance]) -> dict[str, list[TaskInstance]]:
    grouped: dict[str, list[TaskInstance]] = {}
    for task in sorted(tasks, key=lambda each: each.start_date or "~"):
        grouped.setdefault(task.task_id.partition(".")[0], []).append(task)
    return grouped


def _task_cell(task: TaskInstance) -> Text:
    _, style = _LOOKS.get(task.state or "", _QUIET)
    return Text(task.task_id.partition(".")[2] or task.task_id, style)
