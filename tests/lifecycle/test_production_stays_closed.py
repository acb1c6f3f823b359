"""Every way round a gate that Airflow offers, tried on production while nobody has decided: nothing is deployed.

| way round | what holds | test |
|---|---|---|
| mark before deferral; past, future, upstream, downstream; bulk; task group; DAG run; skip; deletion | the middleware \
refuses before Airflow's route runs | ``test_no_mark_but_one_on_the_waiting_task_alone_is_let_through``, and at \
governance ``test_approve_path.test_a_gate_is_not_walked_round`` |
| dry run | decides nothing, marks nothing | the same two |
| mark on the checking task, on the deploying task; a task run by force | the deploying task opens the gate again \
itself | ``test_marks_on_the_checking_task_and_forged_xcoms_deploy_nothing``, and at governance \
``test_refusals.test_a_deploying_task_that_is_run_by_force_finds_the_gate_closed`` |
| forged XComs | no decision is read from an XCom | the same |
| a connection pointed at another registry | the installation's connection is its processes' environment, which comes \
first; its public keys are files of the installation, so that another registry's ledger does not hold | \
``test_a_connection_pointed_elsewhere_deploys_nothing_and_asks_nobody_there``; \
``decisions/test_open.test_a_connection_pointed_at_another_registry_opens_nothing`` |
| status set behind the pipeline's back by someone without the role | IAM; what IAM lets through is undone by the \
waiting gate; a status alone opens nothing | ``test_who_has_not_the_role_cannot_set_the_status``; \
``decisions/test_adjudicate``, ``decisions/test_open.test_a_status_alone_opens_nothing`` |
| artifact bytes flipped after approval | the bytes' digest is in the request | \
``decisions/test_open.test_production_is_closed_when_the_model_was_flipped_after_approval`` |
| a policy or people file changed by the author | its version must be entered by its owner | \
``decisions/test_open.test_production_is_closed_when_the_policy_was_changed_after_approval``, \
``decisions/test_in_force`` |
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.lifecycle.conftest import HELD_BACK
from tests.lifecycle.following import Lifecycle

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

WAIT = "production_approval.wait"
DEPLOY = "production_deployment.deploy"


def closed(lifecycle: Lifecycle, status: str = "PendingApproval") -> bool:
    """Whether nothing serves, nobody has decided, and the gate still waits; a deployment that failed says so."""
    package = lifecycle.package()
    return (
        lifecycle.installation().endpoints_in(Environment.PRODUCTION).find(HELD_BACK) is None
        and lifecycle.entries(EntryKind.DEPLOYMENT) == []
        and (package.stage, package.stage_status) == ("Production", status)
        and [gate for gate, *_ in lifecycle.decisions()] == ["use_case", "governance"]
        and lifecycle.states()[WAIT] == "deferred"
    )


def test_no_mark_but_one_on_the_waiting_task_alone_is_let_through(held_back: Lifecycle) -> None:
    person, task = "production-approver", {"task_id": WAIT, "new_state": "success"}
    task_instances = f"{held_back.path}/taskInstances"
    bulk = {"actions": [{"action": "update", "entities": [task]}]}
    ways = [
        *(
            held_back.mark(person, WAIT, "success", "", **{f"include_{relatives}": True})
            for relatives in ("upstream", "downstream", "future", "past")
        ),
        held_back.mark(person, "production_approval.request", "success", "", include_downstream=True),
        held_back.mark(person, WAIT, "skipped"),
        held_back.call(
            person, "PATCH", f"{held_back.path}/taskGroupInstances/production_approval", {"new_state": "success"}
        ),
        held_back.call(person, "PATCH", task_instances, bulk),
        held_back.call("admin", "DELETE", f"{task_instances}/{WAIT}"),
        held_back.call(person, "PATCH", held_back.path, {"state": "success"}),
    ]
    assert [answer.status_code for answer in ways] == [403] * len(ways), [answer.text for answer in ways]
    assert held_back.call(person, "PATCH", f"{task_instances}/{WAIT}/dry_run", task).status_code in (200, 422)
    assert closed(held_back)
    attempts = {entry.body["actor"] for entry in held_back.entries(EntryKind.REFUSAL)}
    assert attempts == {person, "admin"}


def test_who_has_not_the_role_cannot_set_the_status(held_back: Lifecycle) -> None:
    arn = held_back.package().arn
    for person in ("data-scientist", "model-owner", "governance-officer", "pipeline", "policy-owner", "admin"):
        client = held_back.stack.client(person, "sagemaker")
        with pytest.raises(ClientError, match="AccessDenied"):
            client.update_model_package(
                ModelPackageArn=arn, ModelLifeCycle={"Stage": "Production", "StageStatus": "Approved"}
            )
    assert closed(held_back)


def test_marks_on_the_checking_task_and_forged_xcoms_deploy_nothing(held_back: Lifecycle) -> None:
    forged = {"key": "return_value", "value": "approved", "map_index": -1}
    for task_id in (WAIT, "production_approval.request", "production_approval.open", DEPLOY):
        path = f"{held_back.path}/taskInstances/{task_id}/xcomEntries"
        assert held_back.call("data-scientist", "POST", path, forged).status_code in (200, 201)
    assert held_back.mark("data-scientist", "production_approval.open", "success", "checked").status_code == 200
    assert held_back.wait_for(DEPLOY, "failed", "success") == "failed"
    assert "is closed" in held_back.log(DEPLOY)
    assert closed(held_back, "Failed")


class Elsewhere(BaseHTTPRequestHandler):
    """Another registry: whatever it is asked, it would be glad to answer."""

    asked: list[str] = []

    def do_POST(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_PUT = do_POST


@contextmanager
def another_registry() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_connection_pointed_elsewhere_deploys_nothing_and_asks_nobody_there(held_back: Lifecycle) -> None:
    with another_registry() as url:
        services = {name: {"endpoint_url": url} for name in ("s3", "sagemaker", "kms", "sts", "cloudtrail")}
        connection: dict[str, Any] = {
            "connection_id": "aws_default",
            "conn_type": "aws",
            "login": "somebody",
            "password": "else",
            "extra": json.dumps({"region_name": "us-east-1", "service_config": services}),
        }
        assert held_back.call("admin", "POST", "/api/v2/connections", connection).status_code == 201
        try:
            before = held_back.attempts(DEPLOY)
            held_back.clear(DEPLOY)
            held_back._until("it has been tried again", lambda: held_back.attempts(DEPLOY) > before)
            assert held_back.wait_for(DEPLOY, "failed", "success") == "failed"
        finally:
            held_back.call("admin", "DELETE", "/api/v2/connections/aws_default")
        assert Elsewhere.asked == []
    assert closed(held_back, "Failed")
