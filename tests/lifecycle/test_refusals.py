"""The ways a lifecycle ends before production, each on record in registry, ledger and run alike."""

from __future__ import annotations

import pytest
from tests.lifecycle.conftest import BIASED, BROKEN_DATA, BROKEN_FOLDER, HELD_BACK, REJECTED, UNWANTED
from tests.lifecycle.following import ANSWER, Lifecycle
from tests.running_stack import RunningStack

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.hooks.model_cards import CardStatus
from stack.environment import Program, environment_of

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

Lifecycles = dict[str, Lifecycle]


def test_a_use_case_that_is_not_wanted_ends_at_the_first_gate(lifecycles: Lifecycles) -> None:
    lifecycle = lifecycles[UNWANTED]
    lifecycle.wait_for("use_case_approval.wait", "deferred")
    answer = lifecycle.mark("business-approver", "use_case_approval.wait", "failed", "we do not score people for this")
    assert answer.status_code == 200, answer.text
    assert lifecycle.wait_until_ended() == "failed"
    assert lifecycle.decisions() == [("use_case", "reject", "business-approver", "task-instance mark")]
    known = lifecycle.installation()
    card = known.cards.describe(UNWANTED)
    assert card.status == CardStatus.DRAFT
    assert "we do not score people for this" in known.cards.rejection(card.arn)
    assert not known.registry.group_exists(UNWANTED)
    second = lifecycle.mark("business-approver", "use_case_approval.wait", "success", "after all")
    assert second.status_code == 403
    assert "rejected by business-approver" in second.json()["detail"]


def test_broken_data_stops_the_candidate_and_says_where(approved_use_cases: Lifecycles) -> None:
    lifecycle = approved_use_cases[BROKEN_DATA]
    assert lifecycle.wait_until_ended() == "failed"
    states = lifecycle.states()
    assert states["data_quality.validate_data"] == "failed"
    assert states["training.train"] == "upstream_failed"
    assert lifecycle.attempts("data_quality.validate_data") == 1
    [failure] = lifecycle.entries(EntryKind.FAILURE)
    for said in ("approve", "100 of 1989", "white"):
        assert said in failure.body["reason"]
        assert said in lifecycle.log("data_quality.validate_data")
    package = lifecycle.package()
    assert failure.subject == package.arn
    assert (package.registration_type, package.stage_status) == ("Logged", "Failed")
    assert "validate_data" in package.stage_description
    [evidence] = lifecycle.entries(EntryKind.EVIDENCE)
    assert (evidence.body["kind"], evidence.body["verdict"]) == ("data_quality", "fail")


def test_a_model_over_its_bias_limit_is_stopped_by_the_gate_which_names_the_number(
    approved_use_cases: Lifecycles,
) -> None:
    lifecycle = approved_use_cases[BIASED]
    assert lifecycle.wait_until_ended() == "failed"
    assert lifecycle.states()["governance_approval.request"] == "failed"
    assert lifecycle.attempts("governance_approval.request") == 1
    [failure] = lifecycle.entries(EntryKind.FAILURE)
    assert "disparate_impact" in failure.body["reason"]
    assert "0.97" in failure.body["reason"]
    package = lifecycle.package()
    assert (package.stage, package.stage_status) == ("GovernanceApproval", "Failed")
    assert package.approval_status == "PendingManualApproval"
    assert [decision[0] for decision in lifecycle.decisions()] == ["use_case"]


def test_a_version_that_governance_rejects_stays_on_record_and_is_never_deployed(
    approved_use_cases: Lifecycles,
) -> None:
    lifecycle = approved_use_cases[REJECTED]
    lifecycle.wait_for("governance_approval.wait", "deferred")
    owner = lifecycle.command("model-owner", "reject", REJECTED, "governance", "--comment", "not mine any more")
    assert owner.returncode == 1
    answer = lifecycle.command(
        "governance-officer", "reject", REJECTED, "governance", "--comment", "too few of group d"
    )
    assert answer.returncode == 0, answer.stderr
    assert lifecycle.wait_until_ended() == "failed"
    assert lifecycle.states()["governance_approval.wait"] == "failed"
    assert "rejected by governance-officer as governance_officer: too few of group d" in lifecycle.log(
        "governance_approval.wait"
    )
    package = lifecycle.package()
    assert package.approval_status == "Rejected"
    assert "too few of group d" in package.approval_description
    assert lifecycle.decisions()[-1] == ("governance", "reject", "governance-officer", "command line")
    assert lifecycle.installation().endpoints_in(Environment.TEST).find(f"{REJECTED}-test") is None


def test_a_deploying_task_that_is_run_by_force_finds_the_gate_closed(approved_use_cases: Lifecycles) -> None:
    lifecycle = approved_use_cases[REJECTED]
    for task_id in ("governance_approval.open", "test_deployment.deploy"):
        assert lifecycle.mark("admin", task_id, "success", "trust me").status_code in (200, 409)
    lifecycle.clear("test_deployment.deploy")
    assert lifecycle.wait_until_ended() == "failed"
    assert lifecycle.installation().endpoints_in(Environment.TEST).find(f"{REJECTED}-test") is None
    assert lifecycle.installation().endpoints_in(Environment.PRODUCTION).find(REJECTED) is None


def test_a_version_that_is_held_back_from_production_stays_in_test(held_back: Lifecycle) -> None:
    lifecycle = held_back
    same = lifecycle.mark("governance-officer", "production_approval.wait", "success", ANSWER)
    assert same.status_code == 403
    lifecycle.stack.client("production-approver", "sagemaker").update_model_package(
        ModelPackageArn=lifecycle.package().arn,
        ModelLifeCycle={"Stage": "Production", "StageStatus": "Rejected", "StageDescription": "not before the audit"},
    )
    assert lifecycle.wait_until_ended() == "failed"
    package = lifecycle.package()
    assert (package.stage, package.stage_status) == ("Production", "Rejected")
    assert package.approval_status == "Approved"
    assert lifecycle.decisions()[-1] == ("production", "reject", "production-approver", "registry")
    known = lifecycle.installation()
    assert known.endpoints_in(Environment.TEST).find(f"{HELD_BACK}-test") is not None
    assert known.endpoints_in(Environment.PRODUCTION).find(HELD_BACK) is None


def test_a_broken_folder_is_shown_in_airflow_and_the_others_run(lifecycles: Lifecycles) -> None:
    lifecycle = next(iter(lifecycles.values()))
    errors = lifecycle.call("admin", "GET", "/api/v2/importErrors").json()["import_errors"]
    assert [error["filename"] for error in errors] == ["refused_use_cases.py"]
    assert f"{BROKEN_FOLDER}/use_case.yaml: owner:" in errors[0]["stack_trace"]
    dags = lifecycle.call("admin", "GET", "/api/v2/dags").json()["dags"]
    assert {dag["dag_id"] for dag in dags} >= {f"model_lifecycle.{name}" for name in lifecycles}
    assert f"model_lifecycle.{BROKEN_FOLDER}" not in {dag["dag_id"] for dag in dags}


def test_no_connection_that_the_web_server_knows_carries_the_keys_that_decide(stack: RunningStack) -> None:
    """A task may ask for any connection of the web server's: Airflow hands it over."""
    key = stack.environment_of("decision-service")["AWS_SECRET_ACCESS_KEY"]
    variables = environment_of(Program.API_SERVER, stack.settings)
    assert variables["AWS_SECRET_ACCESS_KEY"] == key
    assert [name for name, value in variables.items() if key in value] == ["AWS_SECRET_ACCESS_KEY"]
    for program in (Program.SCHEDULER, Program.WORKER, Program.DAG_PROCESSOR):
        assert not [name for name, value in environment_of(program, stack.settings).items() if key in value]
