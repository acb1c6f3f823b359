"""The example's approvers: what each is shown at a gate, and the channel by which each decides in the demonstration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.panel import Panel

from model_governance.cli.stack_people import StackPerson
from model_governance.domain.decision import Channel, Gate
from model_governance.domain.request import GateRequest
from model_governance.errors import DecisionRefused
from model_governance.hooks.aws import calling
from model_governance.hooks.installation import Installation

Deciding = Callable[[StackPerson, str, str, GateRequest], str]


@dataclass(frozen=True)
class Approver:
    """One of the example's approvers.

    Attributes:
        person: Who decides.
        task_id: The task that waits at the gate.
        channel: How this one decides.
        approve: Decides by that channel; returns what the channel answered.
    """

    person: str
    task_id: str
    channel: str
    approve: Deciding


def comment_on(request: GateRequest) -> str:
    """A comment that answers each warning of the request by name and number, as an approver must."""
    answers = "; ".join(warning.sentence for warning in request.warnings)
    return f"Seen and accepted for the demonstration: {answers}" if answers else "The evidence is complete."


def gate_panel(request: GateRequest, installation: Installation, page: str, approver: Approver) -> Panel:
    """What a gate tells people: who may decide, what the evidence says, where, and the command that does the same."""
    rule = installation.policy.rule(request.tier, request.gate)
    able = [
        person.id
        for role in rule.roles
        for person in installation.people.in_role(role)
        if person.id not in request.barred(rule)
    ]
    version = f" --version {request.version}" if request.version else ""
    lines = [
        f"[bold]who may decide[/]  {', '.join(able)} (role {', '.join(rule.roles)}; risk {request.tier})",
        *(f"[bold]evidence[/]  {piece.kind}: {piece.verdict}" for piece in request.evidence),
        *(f"[yellow]answer in the comment[/]  {warning.sentence}" for warning in request.warnings),
        f"[bold]page[/]  {page}",
        "[bold]command[/]  "
        f'model-governance approve {request.use_case} {request.gate}{version} --comment "..."'
        f"   as {approver.person}: eval $(python -m stack env {approver.person})",
    ]
    return Panel("\n".join(lines), title=f"gate: {request.gate}", title_align="left")


def _mark_over_airflow(person: StackPerson, dag_id: str, run_id: str, request: GateRequest) -> str:
    airflow = person.airflow()
    airflow.mark(dag_id, run_id, APPROVERS[request.gate].task_id, "success", comment_on(request))
    return "Airflow took the mark."


def _command_line(person: StackPerson, dag_id: str, run_id: str, request: GateRequest) -> str:
    version = ["--version", str(request.version)] if request.version else []
    answer = person.run("approve", request.use_case, request.gate, *version, "--comment", comment_on(request))
    if answer.returncode != 0:
        raise DecisionRefused(f"the command line answered: {(answer.stderr or answer.stdout).strip()}")
    return answer.stdout.strip()


def _boto3(person: StackPerson, dag_id: str, run_id: str, request: GateRequest) -> str:
    with calling("sagemaker", "UpdateModelPackage"):
        person.installation()
        person.session().client("sagemaker").update_model_package(
            ModelPackageArn=request.subject,
            ModelLifeCycle={
                "Stage": "Production",
                "StageStatus": "Approved",
                "StageDescription": comment_on(request)[:1024],
            },
        )
    return "The registry took the status; the waiting gate adjudicates it."


APPROVERS: dict[Gate, Approver] = {
    Gate.USE_CASE: Approver(
        "business-approver", "use_case_approval.wait", Channel.TASK_INSTANCE_MARK, _mark_over_airflow
    ),
    Gate.GOVERNANCE: Approver("governance-officer", "governance_approval.wait", Channel.COMMAND_LINE, _command_line),
    Gate.PRODUCTION: Approver("production-approver", "production_approval.wait", "boto3", _boto3),
}
