"""Which other accounts may see a group's versions: the group's resource policy, apart from whoever writes it there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_GROUP, _VERSIONS = "ModelGovernanceGroup", "ModelGovernanceVersions"
_OURS = {_GROUP, _VERSIONS}


def shared_with(group_arn: str, accounts: Sequence[str], present: Mapping[str, Any]) -> dict[str, Any]:
    """The resource policy of a group that lets other accounts deploy what is approved in it, and change nothing.

    Args:
        group_arn: The group.
        accounts: The accounts, 12 digits each; within each, its own policies say who may.
        present: The policy as it is, ``{}`` without one; its statements but for our own two stay.

    Returns:
        The policy in IAM's syntax.
    """
    principals = {"AWS": [f"arn:aws:iam::{account}:root" for account in sorted(accounts)]}
    versions = group_arn.replace(":model-package-group/", ":model-package/") + "/*"
    ours = [
        {
            "Sid": _GROUP,
            "Effect": "Allow",
            "Principal": principals,
            "Action": ["sagemaker:DescribeModelPackageGroup"],
            "Resource": [group_arn],
        },
        {
            "Sid": _VERSIONS,
            "Effect": "Allow",
            "Principal": principals,
            "Action": ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages", "sagemaker:CreateModel"],
            "Resource": [versions],
        },
    ]
    written = present.get("Statement", [])
    theirs = [each for each in (written if isinstance(written, list) else [written]) if each.get("Sid") not in _OURS]
    return {"Version": "2012-10-17", "Statement": [*theirs, *ours]}
