"""Endpoints are asked for by environment: in its account by its role or its connection, or in our own without one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

from model_governance.domain.deployment import Environment
from model_governance.errors import AccessRefused
from model_governance.hooks import aws
from model_governance.hooks.aws import AirflowClients, EnvironmentClients, connection_of
from model_governance.hooks.installation import Installation
from model_governance.hooks.settings import Settings
from stack.environment import Program, environment_of
from stack.settings import Settings as StackSettings

TEST_ROLE = "arn:aws:iam::222233334444:role/model-governance-deployment"
InstallationOf = Callable[[str], Installation]


@pytest.fixture
def worker(stack_settings: StackSettings, registry_server: None, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment's connections, as a worker of the stack has them."""
    for name, value in environment_of(Program.WORKER, stack_settings).items():
        if name.startswith("AIRFLOW_CONN_"):
            monkeypatch.setenv(name, value)
    session_factory = "model_governance.hooks.aws_session.SharedDataSessionFactory"
    monkeypatch.setenv("AIRFLOW__AWS__SESSION_FACTORY", session_factory)
    return monkeypatch


def who(clients: Any) -> str:
    return str(clients.client("sts").get_caller_identity()["Arn"])


def test_a_person_is_in_each_account_under_his_own_name(installation_of: InstallationOf) -> None:
    known = installation_of("production-approver")
    roles = known.settings.roles
    said = {each: who(known.clients.within(each, roles[each])) for each in Environment}
    assert said == {
        Environment.TEST: "arn:aws:sts::222233334444:assumed-role/model-governance-reader/production-approver",
        Environment.PRODUCTION: "arn:aws:sts::333344445555:assumed-role/model-governance-operator/production-approver",
    }
    assert who(known.clients) == "arn:aws:iam::111122223333:user/production-approver"


def test_a_role_that_does_not_trust_the_caller_is_refused(installation_of: InstallationOf) -> None:
    known = installation_of("data-scientist")
    stranger = replace(known.settings, roles={Environment.TEST: TEST_ROLE})
    with pytest.raises(AccessRefused, match="sts:AssumeRole"):
        Installation.load(known.clients, stranger).endpoints_in(Environment.TEST).find("anything")


def test_without_roles_all_is_in_our_own_account(installation_of: InstallationOf) -> None:
    known = installation_of("admin")
    single = Installation.load(known.clients, replace(known.settings, roles={}))
    assert single.endpoints_in(Environment.TEST) is single.endpoints_in(Environment.PRODUCTION) is single.endpoints
    assert single.settings.execution_role_in(Environment.TEST) == single.settings.execution_role_arn
    assert single.settings.other_accounts == ()


def test_a_task_is_in_each_account_by_its_connection(worker: pytest.MonkeyPatch) -> None:
    clients = AirflowClients()
    assert who(clients) == "arn:aws:iam::111122223333:user/pipeline"
    for environment, account in ((Environment.TEST, "222233334444"), (Environment.PRODUCTION, "333344445555")):
        session = f"arn:aws:sts::{account}:assumed-role/model-governance-deployment/pipeline"
        assert who(clients.within(environment, "")) == session


def test_a_trigger_is_in_the_account_of_its_connection(worker: pytest.MonkeyPatch) -> None:
    async def listed() -> Any:
        hook = AwsBaseHook(connection_of(Environment.PRODUCTION), client_type="sts")
        async with await hook.get_async_conn() as client:  # type: ignore[no-untyped-call]
            return await client.get_caller_identity()

    assert asyncio.run(listed())["Account"] == "333344445555"


def test_an_installation_without_the_connections_is_one_account_and_says_so_once(
    worker: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for environment in Environment:
        worker.delenv(f"AIRFLOW_CONN_AWS_{environment.name}")
    aws._say_once.cache_clear()
    clients = AirflowClients()
    for _ in range(2):
        assert clients.within(Environment.TEST, TEST_ROLE) is clients
    assert [record.message for record in caplog.records if "aws_test" in record.message] == [
        "there is no Airflow connection aws_test: aws_default is used, in its own account"
    ]


def test_the_execution_role_is_of_the_account_it_serves_in() -> None:
    settings = Settings.from_environment({"MODEL_GOVERNANCE_TEST_ROLE_ARN": TEST_ROLE})
    assert settings.execution_role_in(Environment.TEST) == "arn:aws:iam::222233334444:role/model-governance-execution"
    assert settings.execution_role_in(Environment.PRODUCTION) == settings.execution_role_arn
    given = Settings.from_environment({"MODEL_GOVERNANCE_TEST_EXECUTION_ROLE_ARN": "arn:aws:iam::1:role/mine"})
    assert given.execution_role_in(Environment.TEST) == "arn:aws:iam::1:role/mine"
    assert settings.other_accounts == ("222233334444",)


def test_a_group_is_shared_and_what_others_wrote_into_its_policy_stays(installation_of: InstallationOf) -> None:
    pipeline = installation_of("pipeline")
    registry, accounts = pipeline.registry, ("222233334444", "333344445555")
    registry.ensure_group("shared-group", "tests", {"model-governance:approved-card": "x"})
    arn = "arn:aws:sagemaker:us-east-1:111122223333:model-package-group/shared-group"
    theirs = {
        "Sid": "NotTheAuditors",
        "Effect": "Deny",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
        "Action": "sagemaker:*",
        "Resource": arn,
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": theirs})
    registry.client.put_model_package_group_policy(ModelPackageGroupName="shared-group", ResourcePolicy=text)
    for _ in range(2):
        registry.share_group("shared-group", accounts)
        kept = json.loads(
            registry.client.get_model_package_group_policy(ModelPackageGroupName="shared-group")["ResourcePolicy"]
        )
        assert kept["Statement"][0]["Sid"] == "NotTheAuditors"
        assert len(kept["Statement"]) == 3
    there = pipeline.endpoints_in(Environment.TEST).client
    assert there.list_model_packages(ModelPackageGroupName=arn)["ModelPackageSummaryList"] == []


def test_a_group_of_a_single_account_has_no_policy(installation_of: InstallationOf) -> None:
    registry = installation_of("pipeline").registry
    registry.ensure_group("single-group", "tests", {"model-governance:approved-card": "x"})
    registry.share_group("single-group", ())
    with pytest.raises(Exception, match="Could not find a resource policy"):
        registry.client.get_model_package_group_policy(ModelPackageGroupName="single-group")


def test_clients_are_those_of_the_role_each_time(installation_of: InstallationOf) -> None:
    clients = installation_of("pipeline").clients
    assert isinstance(clients, EnvironmentClients)
    assert clients.within(Environment.TEST, "") is clients
