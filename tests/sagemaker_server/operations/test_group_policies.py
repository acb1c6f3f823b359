"""Resource policies of model package groups: what another account sees of a version, and makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.running_server import ACCOUNT, PRODUCTION_ACCOUNT, TEST_ACCOUNT, RunningServer

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
SERVED = {
    "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://model-governance/model.tar.gz"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
READING = ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages", "sagemaker:CreateModel"]
DEPLOYMENT = f"arn:aws:iam::{TEST_ACCOUNT}:role/model-governance-deployment"


@pytest.fixture
def version(sagemaker: Any, group: str) -> str:
    """The ARN of an approved version of the group."""
    made = sagemaker.create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=SERVED, ModelApprovalStatus="Approved"
    )
    return str(made["ModelPackageArn"])


@pytest.fixture
def tester(server: RunningServer) -> Any:
    """SageMaker's client of the pipeline's session in the test account."""
    return server.client_with("sagemaker", server.assume(DEPLOYMENT, "pipeline"))


def arn_of(group: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package-group/{group}"


def statement(group: str, principal: Any, effect: str = "Allow", actions: list[str] | None = None) -> dict[str, Any]:
    versions = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/{group}/*"
    named = {"Sid": f"{effect}Versions", "Effect": effect, "Principal": principal}
    return {**named, "Action": actions or READING, "Resource": versions}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def share(sagemaker: Any, group: str, *principals: str, **more: Any) -> None:
    on_group = {
        "Effect": "Allow",
        "Principal": {"AWS": list(principals)},
        "Action": "sagemaker:DescribeModelPackageGroup",
        "Resource": arn_of(group),
    }
    text = policy(statement(group, {"AWS": list(principals)}), on_group, *more.get("also", []))
    sagemaker.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=text)


def make_model(client: Any, name: str, package: str, account: str = TEST_ACCOUNT) -> str:
    role = f"arn:aws:iam::{account}:role/model-governance-execution"
    container = {"ModelPackageName": package}
    return str(client.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role)["ModelArn"])


def refused(call: Callable[[], Any], why: str = "no resource-based policy allows") -> bool:
    with pytest.raises(ClientError, match=f"is not authorized to perform.*{why}") as told:
        call()
    return bool(told.value.response["Error"]["Code"] == "AccessDeniedException")


def everything_is_refused(client: Any, group: str, version: str, why: str = "no resource-based policy allows") -> bool:
    return all(
        refused(call, why)
        for call in (
            lambda: client.describe_model_package(ModelPackageName=version),
            lambda: client.list_model_packages(ModelPackageGroupName=arn_of(group)),
            lambda: make_model(client, "never-made", version),
        )
    )


def test_a_group_without_a_policy_is_its_accounts_alone(tester: Any, group: str, version: str) -> None:
    assert everything_is_refused(tester, group, version)
    assert refused(lambda: tester.describe_model_package_group(ModelPackageGroupName=arn_of(group)))


@pytest.mark.parametrize("principal", [f"arn:aws:iam::{TEST_ACCOUNT}:root", TEST_ACCOUNT, DEPLOYMENT])
def test_a_shared_version_is_seen_and_deployed_from_the_other_account(
    sagemaker: Any, tester: Any, group: str, version: str, principal: str
) -> None:
    share(sagemaker, group, principal)
    assert tester.describe_model_package(ModelPackageName=version)["ModelPackageArn"] == version
    assert tester.describe_model_package_group(ModelPackageGroupName=arn_of(group))["ModelPackageGroupName"] == group
    listed = tester.list_model_packages(ModelPackageGroupName=arn_of(group))["ModelPackageSummaryList"]
    assert [each["ModelPackageArn"] for each in listed] == [version]
    assert make_model(tester, f"m-{group}", version).split(":")[4] == TEST_ACCOUNT


@pytest.mark.parametrize(
    "principal",
    [
        f"arn:aws:iam::{PRODUCTION_ACCOUNT}:root",
        f"arn:aws:iam::{TEST_ACCOUNT}:role/another",
        f"arn:aws:iam::{ACCOUNT}:user/pipeline",
    ],
)
def test_a_version_that_is_shared_with_others_is_not_shared_with_all(
    sagemaker: Any, tester: Any, group: str, version: str, principal: str
) -> None:
    share(sagemaker, group, principal)
    assert everything_is_refused(tester, group, version)


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected"])
def test_a_shared_version_that_is_not_approved_is_not_deployed(
    sagemaker: Any, tester: Any, group: str, version: str, status: str
) -> None:
    share(sagemaker, group, TEST_ACCOUNT)
    sagemaker.update_model_package(ModelPackageArn=version, ModelApprovalStatus=status)
    with pytest.raises(ClientError, match=f"cannot be deployed: its ModelApprovalStatus is {status}"):
        make_model(tester, f"m-{group}", version)


@pytest.mark.parametrize("denied", [TEST_ACCOUNT, DEPLOYMENT, "*"])
def test_a_deny_wins(sagemaker: Any, tester: Any, group: str, version: str, denied: str) -> None:
    share(sagemaker, group, TEST_ACCOUNT, also=[statement(group, {"AWS": denied}, "Deny")])
    assert everything_is_refused(tester, group, version, "with an explicit deny in a resource-based policy")


def test_a_deny_holds_within_the_account_too(server: RunningServer, sagemaker: Any, group: str, version: str) -> None:
    users = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/data-scientist"}
    text = policy(statement(group, users, "Deny", ["sagemaker:DescribeModelPackage"]))
    sagemaker.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=text)
    scientist = server.client("sagemaker", "data-scientist")
    assert refused(lambda: scientist.describe_model_package(ModelPackageName=version), "with an explicit deny")
    assert server.client("sagemaker", "model-owner").describe_model_package(ModelPackageName=version)


def test_the_callers_own_policy_has_to_allow_it_too(
    server: RunningServer, sagemaker: Any, group: str, version: str
) -> None:
    share(sagemaker, group, PRODUCTION_ACCOUNT)
    consumer = f"arn:aws:iam::{PRODUCTION_ACCOUNT}:role/model-governance-consumer"
    client = server.client_with("sagemaker", server.assume(consumer, "data-scientist"))
    assert refused(lambda: client.describe_model_package(ModelPackageName=version), "no identity-based policy allows")


def test_no_other_account_changes_a_version_whatever_the_policy_says(
    server: RunningServer, sagemaker: Any, group: str, version: str
) -> None:
    text = policy(statement(group, {"AWS": TEST_ACCOUNT}, actions=["sagemaker:*"]))
    sagemaker.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=text)
    anything = server.client_in(TEST_ACCOUNT)
    assert refused(lambda: anything.update_model_package(ModelPackageArn=version, ModelApprovalStatus="Rejected"))
    assert refused(lambda: anything.delete_model_package(ModelPackageName=version))


def test_a_policy_is_kept_as_it_was_sent_until_it_is_deleted(
    sagemaker: Any, tester: Any, group: str, version: str
) -> None:
    text = policy(statement(group, {"AWS": TEST_ACCOUNT}))
    made = sagemaker.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=text)
    assert made["ModelPackageGroupArn"] == arn_of(group)
    assert sagemaker.get_model_package_group_policy(ModelPackageGroupName=group)["ResourcePolicy"] == text
    sagemaker.delete_model_package_group_policy(ModelPackageGroupName=group)
    for call in (sagemaker.get_model_package_group_policy, sagemaker.delete_model_package_group_policy):
        with pytest.raises(ClientError, match=r"ValidationException.*Could not find a resource policy"):
            call(ModelPackageGroupName=group)
    assert everything_is_refused(tester, group, version)


def test_a_group_made_anew_does_not_inherit_the_policy(sagemaker: Any, tester: Any, group: str) -> None:
    share(sagemaker, group, TEST_ACCOUNT)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    assert refused(lambda: tester.describe_model_package_group(ModelPackageGroupName=arn_of(group)))
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    assert refused(lambda: tester.describe_model_package_group(ModelPackageGroupName=arn_of(group)))


GOOD = statement("G", {"AWS": TEST_ACCOUNT})


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("no", "it does not have the form|Expecting value"),
        ("[]", "it does not have the form|Version"),
        ("{}", "Version must be"),
        ('{"Version": "2008-10-17", "Statement": []}', "Version must be"),
        ('{"Version": "2012-10-17", "Statement": []}', "Statement is empty"),
        ('{"Version": "2012-10-17"}', "Statement is missing"),
        (policy({name: value for name, value in GOOD.items() if name != "Principal"}), "Principal is missing"),
        (policy({**GOOD, "Principal": {"AWS": "somebody"}}), "Invalid principal in policy: somebody"),
        (policy({**GOOD, "Principal": {"AWS": "arn:aws:iam::12:root"}}), "Invalid principal"),
        (policy({**GOOD, "Principal": {"AWS": f"arn:aws:iam::{TEST_ACCOUNT}:role/*"}}), "Invalid principal"),
        (policy({**GOOD, "Principal": {}}), "Principal must be"),
        (policy({**GOOD, "Principal": {"Everybody": "*"}}), "Principal must be"),
        (policy({**GOOD, "NotPrincipal": {"AWS": "*"}}), "NotPrincipal is not supported"),
        (policy({**GOOD, "Effect": "Perhaps"}), "must be Allow or Deny"),
        (policy({**GOOD, "Resource": "arn:aws:sagemaker:us-east-1:111122223333:model-package/x/*"}), "is not of the"),
        (policy({name: value for name, value in GOOD.items() if name != "Resource"}), "needs Resource"),
        (policy({**GOOD, "Action": [1]}), "form of a policy document"),
        (policy({**GOOD, "Condition": {"StringMaybe": {"a": "b"}}}), "StringMaybe is not supported"),
    ],
)
def test_a_malformed_policy_is_refused_and_the_one_before_stays(
    sagemaker: Any, group: str, document: str, why: str
) -> None:
    before = policy(statement(group, {"AWS": PRODUCTION_ACCOUNT}))
    sagemaker.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=before)
    with pytest.raises(ClientError, match=f"ValidationException.*Invalid resource policy.*({why})"):
        sagemaker.put_model_package_group_policy(
            ModelPackageGroupName=group, ResourcePolicy=document.replace("/G/", f"/{group}/")
        )
    assert sagemaker.get_model_package_group_policy(ModelPackageGroupName=group)["ResourcePolicy"] == before
