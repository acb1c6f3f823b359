"""The example's approvers: the channel by which each decides in the demonstration, signed in as himself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from model_governance.cli.stack_people import StackPerson
from model_governance.domain.decision import Channel, Gate
from model_governance.domain.request import GateRequest
from model_governance.errors import DecisionRefused
from model_governance.hooks.aws import calling

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
    if answers:
        return f"Seen and accepted for the demonstration: {answers}"
    if request.evidence:
        return "Approved for the demonstration: the evidence is complete and within its limits."
    return "Approved for the demonstration: purpose, owner and risk are as declared."


def _mark_over_airflow(person: StackPerson, dag_id: str, run_id: str, request: GateRequest) -> str:
    airflow = person.airflow()
    airflow.mark(dag_id, run_id, APPROVERS[request.gate].task_id, "success", comment_on(request))
    return "Airflow took the mark"


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
    return "the registry took the status; the waiting gate finds out who set it, and whether it counts"


APPROVERS: dict[Gate, Approver] = {
    Gate.USE_CASE: Approver(
        "business-approver", "use_case_approval.wait", Channel.TASK_INSTANCE_MARK, _mark_over_airflow
    ),
    Gate.GOVERNANCE: Approver("governance-officer", "governance_approval.wait", Channel.COMMAND_LINE, _command_line),
    Gate.PRODUCTION: Approver("production-approver", "production_approval.wait", "boto3", _boto3),
}
