"""The triggers that a triggerer of the process runs, and no others: it holds the decision service's credentials.

A task names the class that its trigger is made of, and Airflow imports whatever it names. So DAG code, which runs as
``pipeline``, could have any class on the triggerer's path made with arguments of its choice, by the principal that
records decisions: one that takes a callback's path is enough to run anything. So is a template: those of a task that
starts from its trigger, Airflow renders in the triggerer, and Jinja's sandbox, as Airflow opens it, reaches ``eval``
from the context (``macros.json.codecs.builtins``). No template is rendered here but the one that the gates need.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Collection, Mapping
from typing import Any

from model_governance.errors import TriggerRefused

SETTING = "MODEL_GOVERNANCE_OTHER_TRIGGERS"
"""Class paths of further triggers, separated by commas: each must be safe with any arguments that a task gives it."""

RUN_ID = "{{ run_id }}"
"""The one template that is understood; it is looked up and not rendered."""

ALLOWED = frozenset(
    {
        "model_governance.triggers.approval.ApprovalTrigger",
        "model_governance.triggers.job.EndpointTrigger",
        "model_governance.triggers.job.JobTrigger",
        "airflow.providers.standard.triggers.temporal.DateTimeTrigger",
        "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger",
    }
)


def allowed_triggers(environment: Mapping[str, str] | None = None) -> frozenset[str]:
    """Class paths of the triggers that may run here."""
    values = os.environ if environment is None else environment
    return ALLOWED | frozenset(values.get(SETTING, "").replace(",", " ").split())


def run_only(allowed: Collection[str], runner: Any) -> None:
    """Has a trigger runner refuse, before it imports anything, what is not allowed; that trigger's task fails.

    Args:
        allowed: Class paths.
        runner: Airflow's ``TriggerRunner``, the class; its supervisor forks, so that the runner has it as it is here.

    Raises:
        TriggerRefused: This Airflow looks its triggers up in another way than the one that can be held here.
    """
    look_up = getattr(runner, "get_trigger_by_classpath", None)
    if look_up is None or list(inspect.signature(look_up).parameters) != ["self", "classpath"]:
        raise TriggerRefused(
            "no trigger is run: this version of Airflow looks up the class of a trigger in a way that is not known "
            "here, so that DAG code could choose what runs as decision-service. Use the version in uv.lock"
        )

    def look_up_allowed(self: Any, classpath: str) -> Any:
        if classpath not in allowed:
            raise TriggerRefused(
                f"trigger {classpath!r} is not run: the triggerer acts as decision-service and runs only "
                f"{', '.join(sorted(allowed))}. If it is safe with any arguments, name it in {SETTING}"
            )
        found = look_up(self, classpath)
        found.render_template_fields = _put_run_id_in
        return found

    runner.get_trigger_by_classpath = look_up_allowed


def _put_run_id_in(trigger: Any, context: Mapping[str, Any], jinja_env: object = None) -> None:
    """Takes the place of a trigger's ``render_template_fields``: puts the run's id where ``RUN_ID`` stands.

    Raises:
        TriggerRefused: A field that Airflow would render is anything else than that or a text without a template.
    """
    for name in trigger.template_fields:
        value = getattr(trigger, name)
        if value == RUN_ID:
            setattr(trigger, name, context["run_id"])
        elif value and (not isinstance(value, str) or "{{" in value or "{%" in value or "{#" in value):
            raise TriggerRefused(
                f"{type(trigger).__name__} is not run: its {name} is a template, which would be rendered here, as "
                f"decision-service. A trigger's field is a plain text or {RUN_ID!r}"
            )
