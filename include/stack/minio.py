"""``python -m stack.minio``: prepares the object store of docker-compose.yaml, once and again without harm.

Makes the buckets, the one of the ledgers with Object Lock and a default retention, and a user per principal with what
the principal's IAM document says of S3. What the embedded store's guard does, MinIO then does by itself.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from stack.credentials import PRINCIPALS, Credentials
from stack.settings import Settings

_UNKNOWN_TO_MINIO = "s3:if-none-match"


def s3_part_of(document: dict[str, Any]) -> dict[str, Any]:
    """What an IAM document says of S3, in a form that MinIO takes.

    MinIO refuses a policy with another service's actions, or with a condition on ``If-None-Match``. Leaving out the
    statements with that condition loses nothing: a ledger's entries are kept by Object Lock.
    """
    statements = []
    for statement in document["Statement"]:
        listed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        actions = [action for action in listed if action.startswith("s3:")]
        if actions and _UNKNOWN_TO_MINIO not in json.dumps(statement.get("Condition", {})).lower():
            statements.append({**statement, "Action": actions, "Resource": _resources(statement["Resource"])})
    return {"Version": "2012-10-17", "Statement": statements}


def main() -> None:
    """Prepare the store named by the settings, as its root user."""
    settings = Settings.from_environment()
    root = (os.environ["MINIO_ROOT_USER"], os.environ["MINIO_ROOT_PASSWORD"])
    make_locked_buckets(settings, root, days=int(os.environ["MODEL_GOVERNANCE_RETENTION_DAYS"]))
    make_users(settings, root)


def make_locked_buckets(settings: Settings, root: tuple[str, str], *, days: int) -> None:
    """Make the buckets; in the one of the ledgers no version of an object can be removed for so many days."""
    client = boto3.client(
        "s3",
        endpoint_url=settings.s3_url,
        region_name=settings.region,
        aws_access_key_id=root[0],
        aws_secret_access_key=root[1],
    )
    for bucket, locked in ((settings.bucket, True), (settings.landing_bucket, False)):
        try:
            client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=locked)
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
                raise
    client.put_object_lock_configuration(
        Bucket=settings.bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": days}},
        },
    )


def make_users(settings: Settings, root: tuple[str, str]) -> None:
    """Make a MinIO user per principal, known by the principal's access key, with the principal's rights."""
    from minio import MinioAdmin
    from minio.credentials import StaticProvider

    address = urlsplit(settings.s3_url)
    admin = MinioAdmin(endpoint=address.netloc, credentials=StaticProvider(*root), secure=address.scheme == "https")
    principals = json.loads(Credentials(settings.secrets).text(PRINCIPALS))["principals"]
    for name, key in principals.items():
        file = settings.policies / "iam" / f"{name}.json"
        policy = s3_part_of(_document(file))
        admin.user_add(key["access_key_id"], key["secret_access_key"])
        if policy["Statement"]:
            admin.policy_add(name, policy=policy)
            admin.policy_set(name, user=key["access_key_id"])


def _document(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {"Statement": []}


def _resources(resource: str | list[str]) -> list[str]:
    listed = resource if isinstance(resource, list) else [resource]
    return ["arn:aws:s3:::*" if entry == "*" else entry for entry in listed]


if __name__ == "__main__":
    main()
