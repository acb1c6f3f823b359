"""Several accounts in one server: what each of them sees is its own, and what another has is not there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.running_server import (
    ACCOUNT,
    PRODUCTION_ACCOUNT,
    TEST_ACCOUNT,
    RunningServer,
    make_installation,
    running_server,
)

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
ACCOUNTS = (ACCOUNT, TEST_ACCOUNT, PRODUCTION_ACCOUNT)


@pytest.fixture
def clients(server: RunningServer) -> dict[str, Any]:
    """SageMaker's client of somebody in each account who may do everything there."""
    others = {account: server.client_in(account) for account in ACCOUNTS[1:]}
    return {ACCOUNT: server.client("sagemaker"), **others}


def make_model(client: Any, name: str, account: str) -> str:
    container = {"Image": IMAGE, "ModelDataUrl": "s3://model-governance/model.tar.gz"}
    role = f"arn:aws:iam::{account}:role/model-governance-execution"
    return str(client.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role)["ModelArn"])


def make_config(client: Any, name: str) -> str:
    variant = {"VariantName": "v", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    return str(
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])["EndpointConfigArn"]
    )


def test_one_name_in_three_accounts_is_three_things(clients: dict[str, Any], new_name: Callable[[], str]) -> None:
    name = new_name()
    for account, client in clients.items():
        assert make_model(client, name, account) == f"arn:aws:sagemaker:us-east-1:{account}:model/{name}"
        assert make_config(client, name) == f"arn:aws:sagemaker:us-east-1:{account}:endpoint-config/{name}"
        endpoint = client.create_endpoint(EndpointName=name, EndpointConfigName=name)["EndpointArn"]
        assert endpoint == f"arn:aws:sagemaker:us-east-1:{account}:endpoint/{name}"
    clients[TEST_ACCOUNT].delete_model(ModelName=name)
    for account, client in clients.items():
        assert client.describe_endpoint(EndpointName=name)["EndpointArn"].split(":")[4] == account
        found = client.list_models(NameContains=name)["Models"]
        assert [model["ModelArn"].split(":")[4] for model in found] == ([] if account == TEST_ACCOUNT else [account])
        client.delete_endpoint(EndpointName=name)


def test_what_one_account_has_no_other_lists_finds_or_describes(
    clients: dict[str, Any], new_name: Callable[[], str]
) -> None:
    name, own, other = new_name(), clients[TEST_ACCOUNT], clients[PRODUCTION_ACCOUNT]
    make_model(own, name, TEST_ACCOUNT)
    make_config(own, name)
    own.create_endpoint(EndpointName=name, EndpointConfigName=name)
    own.create_model_package_group(ModelPackageGroupName=name)
    own.create_model_card(ModelCardName=name, Content="{}", ModelCardStatus="Draft")
    with pytest.raises(ClientError, match=f'Could not find endpoint "arn:aws:sagemaker:us-east-1:{PRODUCTION_ACCOUNT}'):
        other.describe_endpoint(EndpointName=name)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        other.create_endpoint(EndpointName=name, EndpointConfigName=name)
    with pytest.raises(ClientError, match="does not exist"):
        other.describe_model_package_group(ModelPackageGroupName=name)
    assert other.list_endpoints(NameContains=name)["Endpoints"] == []
    assert other.list_model_package_groups(NameContains=name)["ModelPackageGroupSummaryList"] == []
    assert other.list_model_cards(NameContains=name)["ModelCardSummaries"] == []
    wanted = {"Filters": [{"Name": "ModelPackageGroupName", "Operator": "Equals", "Value": name}]}
    found = {
        account: len(client.search(Resource="ModelPackageGroup", SearchExpression=wanted)["Results"])
        for account, client in clients.items()
    }
    assert found == {ACCOUNT: 0, TEST_ACCOUNT: 1, PRODUCTION_ACCOUNT: 0}
    own.delete_endpoint(EndpointName=name)


def test_a_resource_of_another_account_is_not_touched_by_its_arn(
    clients: dict[str, Any], new_name: Callable[[], str]
) -> None:
    name = new_name()
    arn = clients[ACCOUNT].create_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"]
    there = clients[TEST_ACCOUNT]
    tag = [{"Key": "owner", "Value": "me"}]
    for call in (
        lambda: there.add_tags(ResourceArn=arn, Tags=tag),
        lambda: there.list_tags(ResourceArn=arn),
        lambda: there.delete_model_package_group(ModelPackageGroupName=arn),
        lambda: there.describe_model_package_group(ModelPackageGroupName=arn),
        lambda: there.describe_model_package_group(ModelPackageGroupName=f"{arn}-that-is-not-there"),
    ):
        with pytest.raises(ClientError, match=r"not authorized to perform.*because no resource-based policy") as told:
            call()
        assert told.value.response["Error"]["Code"] == "AccessDeniedException"
    assert clients[ACCOUNT].list_tags(ResourceArn=arn)["Tags"] == []


def test_a_role_of_another_account_is_not_passed_on(clients: dict[str, Any], new_name: Callable[[], str]) -> None:
    with pytest.raises(ClientError, match="Cross-account pass role is not allowed"):
        make_model(clients[TEST_ACCOUNT], new_name(), ACCOUNT)


def test_what_was_done_is_in_the_record_of_the_account_where_it_was_done(
    server: RunningServer, clients: dict[str, Any], new_name: Callable[[], str]
) -> None:
    name = new_name()
    make_model(clients[TEST_ACCOUNT], name, TEST_ACCOUNT)
    asked = {"LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": name}]}
    [event] = server.client_in(TEST_ACCOUNT, "cloudtrail").lookup_events(**asked)["Events"]
    identity = json.loads(event["CloudTrailEvent"])["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == f"arn:aws:sts::{TEST_ACCOUNT}:assumed-role/anything/anyone"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == f"arn:aws:iam::{TEST_ACCOUNT}:role/anything"
    assert json.loads(event["CloudTrailEvent"])["recipientAccountId"] == TEST_ACCOUNT
    assert server.client("cloudtrail").lookup_events(**asked)["Events"] == []


def test_the_keys_that_sign_the_ledger_are_the_first_accounts_alone(server: RunningServer) -> None:
    kms = server.client_in(TEST_ACCOUNT, "kms")
    with pytest.raises(ClientError, match="NotFoundException"):
        kms.get_public_key(KeyId="alias/model-governance-ledger")
    arn = server.client("kms").get_public_key(KeyId="alias/model-governance-ledger")["KeyId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        kms.get_public_key(KeyId=arn)


def test_every_account_finds_its_own_again_after_a_restart(tmp_path: Path) -> None:
    with running_server(tmp_path / "home") as server:
        for account in ACCOUNTS[1:]:
            make_model(server.client_in(account), f"of-{account}", account)
        make_model(server.client("sagemaker"), f"of-{ACCOUNT}", ACCOUNT)
        server.kill()
        server.start()
        for account in ACCOUNTS[1:]:
            assert [m["ModelName"] for m in server.client_in(account).list_models()["Models"]] == [f"of-{account}"]
        assert [m["ModelName"] for m in server.client("sagemaker").list_models()["Models"]] == [f"of-{ACCOUNT}"]


def test_a_database_of_a_version_that_knew_one_account_is_the_first_accounts(tmp_path: Path) -> None:
    server = make_installation(tmp_path / "home")
    server.start()
    server.client("sagemaker").create_model_package_group(ModelPackageGroupName="from-before")
    server.stop()
    with sqlite3.connect(tmp_path / "home" / "sagemaker.sqlite") as database:
        for table in ("owner", "model_package_group_policy"):  # what a version before this one did not have
            database.execute(f"DROP TABLE {table}")
    server.start()
    groups = server.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [group["ModelPackageGroupName"] for group in groups] == ["from-before"]
    assert server.client_in(TEST_ACCOUNT).list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    server.stop()


@pytest.mark.parametrize("owner_is_known", [True, False])
def test_a_database_of_another_account_stops_the_start(tmp_path: Path, owner_is_known: bool) -> None:
    server = make_installation(tmp_path / "home")
    server.start()
    server.client("sagemaker").create_model_package_group(ModelPackageGroupName="mine")
    server.stop()
    if not owner_is_known:
        with sqlite3.connect(tmp_path / "home" / "sagemaker.sqlite") as database:
            database.execute("DROP TABLE owner")
    file = tmp_path / "home" / "principals.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "account": "999900001111"}))
    server.environment = {**server.environment, "SAGEMAKER_SERVER_ACCOUNT": "999900001111"}
    with pytest.raises(RuntimeError, match=f"is of account {ACCOUNT}, not of 999900001111"):
        server.start()
