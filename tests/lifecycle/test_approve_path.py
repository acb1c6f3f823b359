"""From a declared use case to an answer from production, each gate decided by another person over another channel."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from tests.lifecycle.conftest import APPROVED
from tests.lifecycle.following import ANSWER, Lifecycle

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from stack import supervision
from stack.lifecycle import wait_until_healthy

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def lifecycle(lifecycles: dict[str, Lifecycle], approved_use_cases: dict[str, Lifecycle]) -> Lifecycle:
    return lifecycles[APPROVED]


def test_first_the_use_case_is_approved_by_a_mark_and_by_nobody_who_may_not(lifecycle: Lifecycle) -> None:
    wait = "use_case_approval.wait"
    lifecycle.wait_for(wait, "deferred")
    assert "owner" in lifecycle.mark("model-owner", wait, "success", "mine").json()["detail"]
    assert "role" in lifecycle.mark("governance-officer", wait, "success", "me").json()["detail"]
    assert "role" in lifecycle.mark("admin", wait, "success", "I am the admin").json()["detail"]
    assert lifecycle.states()[wait] == "deferred"
    assert not lifecycle.installation().registry.group_exists(APPROVED)
    answer = lifecycle.mark("business-approver", wait, "success", "worth trying")
    assert answer.status_code == 200, answer.text
    lifecycle.wait_for("use_case_approval.open", "success")
    assert lifecycle.decisions() == [("use_case", "approve", "business-approver", "task-instance mark")]
    assert lifecycle.installation().registry.group_exists(APPROVED)


@pytest.mark.parametrize("state", ["success", "failed"])
def test_a_gate_is_not_walked_round(lifecycle: Lifecycle, state: str) -> None:
    wait = "governance_approval.wait"
    lifecycle.wait_for(wait, "deferred")
    task = {"task_id": wait, "new_state": state}
    ways = [
        lifecycle.mark("governance-officer", wait, state, "all of it", include_downstream=True),
        lifecycle.mark("governance-officer", wait, state, "the past too", include_past=True, include_upstream=True),
        lifecycle.mark("governance-officer", "training.train", "failed", "from before", include_downstream=True),
        lifecycle.mark("governance-officer", "production_approval.wait", state, "before it waits"),
        lifecycle.mark("governance-officer", wait, "skipped"),
        lifecycle.call(
            "governance-officer",
            "PATCH",
            f"{lifecycle.path}/taskGroupInstances/governance_approval",
            {"new_state": state},
        ),
        lifecycle.call(
            "governance-officer",
            "PATCH",
            f"{lifecycle.path}/taskInstances",
            {"actions": [{"action": "update", "entities": [task]}]},
        ),
        lifecycle.call("admin", "DELETE", f"{lifecycle.path}/taskInstances/{wait}"),
        lifecycle.call("governance-officer", "PATCH", lifecycle.path, {"state": "success"}),
    ]
    assert [answer.status_code for answer in ways] == [403] * len(ways), [answer.text for answer in ways]
    dry_run = lifecycle.call(
        "governance-officer", "PATCH", f"{lifecycle.path}/taskInstances/{wait}/dry_run", {"new_state": state}
    )
    assert dry_run.status_code == 200
    assert lifecycle.states()[wait] == "deferred"
    assert lifecycle.package().approval_status == "PendingManualApproval"


def test_a_waiting_gate_outlives_the_registry_and_the_triggerer(lifecycle: Lifecycle) -> None:
    lifecycle.wait_for("governance_approval.wait", "deferred")
    settings = lifecycle.stack.settings
    for part in ("sagemaker", "airflow-triggerer"):
        supervision.restart(settings, part)
    wait_until_healthy(settings, print)
    assert lifecycle.states()["governance_approval.wait"] == "deferred"


def test_then_governance_approves_on_the_command_line_and_answers_the_warnings(lifecycle: Lifecycle) -> None:
    lifecycle.wait_for("governance_approval.wait", "deferred")
    silent = lifecycle.mark("governance-officer", "governance_approval.wait", "success")
    assert silent.status_code == 403
    assert "difference_in_proportions_of_labels" in silent.json()["detail"]
    answer = lifecycle.command("governance-officer", "approve", APPROVED, "governance", "--comment", ANSWER)
    assert answer.returncode == 0, answer.stderr
    lifecycle.wait_for("governance_approval.open", "success")
    assert lifecycle.package().approval_status == "Approved"


def test_then_production_is_approved_by_boto3_and_the_model_serves(lifecycle: Lifecycle) -> None:
    lifecycle.wait_for("production_approval.wait", "deferred")
    arn = lifecycle.package().arn
    lifecycle.stack.client("production-approver", "sagemaker").update_model_package(
        ModelPackageArn=arn,
        ModelLifeCycle={"Stage": "Production", "StageStatus": "Approved", "StageDescription": ANSWER},
    )
    assert lifecycle.wait_until_ended() == "success"
    known = lifecycle.installation()
    held_out = next(key for key in known.artifacts.list(f"use-cases/{APPROVED}/data/") if key.endswith("/holdout.csv"))
    row = known.artifacts.get(held_out).decode().splitlines()[0]
    answer = known.endpoints_in(Environment.PRODUCTION).invoke(APPROVED, f"{row}\n", inference_id="held-out-row")
    assert 0 <= float(answer) <= 1
    lifecycle.wait_until_captured("held-out-row")


def test_each_environment_is_an_account_of_its_own_and_the_registrys_account_serves_nothing(
    lifecycle: Lifecycle,
) -> None:
    known, stack = lifecycle.installation(), lifecycle.stack
    served = {
        environment: known.endpoints_in(environment).describe(name).arn.split(":")[4]
        for environment, name in ((Environment.TEST, f"{APPROVED}-test"), (Environment.PRODUCTION, APPROVED))
    }
    assert served == {Environment.TEST: "222233334444", Environment.PRODUCTION: "333344445555"}
    assert stack.client("admin", "sagemaker").list_endpoints()["Endpoints"] == []
    config = f"{APPROVED}-v1-production"
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:CreateEndpoint"):
        stack.client("pipeline", "sagemaker").create_endpoint(EndpointName="mine", EndpointConfigName=config)
    [made] = known.endpoints_in(Environment.PRODUCTION).client.list_models(NameContains=APPROVED)["Models"]
    assert made["ModelArn"].startswith("arn:aws:sagemaker:us-east-1:333344445555:model/")


def test_registry_ledger_card_and_run_tell_the_same_story(lifecycle: Lifecycle) -> None:
    package = lifecycle.package()
    assert lifecycle.decisions() == [
        ("use_case", "approve", "business-approver", "task-instance mark"),
        ("governance", "approve", "governance-officer", "command line"),
        ("production", "approve", "production-approver", "registry"),
    ]
    assert (package.registration_type, package.approval_status) == ("Registered", "Approved")
    assert (package.stage, package.stage_status) == ("Production", "Deployed")
    [deployment] = lifecycle.entries(EntryKind.DEPLOYMENT)
    assert deployment.subject == package.arn
    assert deployment.body["model_sha256"] == package.metadata["model_sha256"]
    assert [each["actor"] for each in deployment.body["authority"]] == ["governance-officer", "production-approver"]
    recorded = {entry.body["kind"]: entry.body["sha256"] for entry in lifecycle.entries(EntryKind.EVIDENCE)}
    in_card = {each["name"]: each["metadata"]["sha256"] for each in package.card["evaluation_details"]}
    assert {kind: sha for kind, sha in recorded.items() if kind != "test_validation"} == in_card
    assert set(lifecycle.states().values()) == {"success"}
    assert lifecycle.entries(EntryKind.FAILURE) == []


def test_clearing_every_task_makes_no_second_anything(lifecycle: Lifecycle) -> None:
    before = lifecycle.leavings()
    lifecycle.clear()
    assert lifecycle.wait_until_ended() == "success"
    assert lifecycle.leavings() == before
    package = lifecycle.package()
    assert (package.approval_status, package.stage, package.stage_status) == ("Approved", "Production", "Deployed")


def test_a_retraining_run_finds_the_use_case_approved_and_goes_on_with_a_version_of_its_own(
    lifecycle: Lifecycle,
) -> None:
    again = Lifecycle(lifecycle.stack, APPROVED, "retraining").start(reason="new quarter")
    again.wait_for("data_quality.register_candidate", "success")
    assert len(lifecycle.decisions()) == 3
    assert len(again.installation().registry.versions(APPROVED)) == 2
    assert again.call("model-owner", "PATCH", again.path, {"state": "failed"}).status_code == 200
    assert again.wait_until_ended() == "failed"
