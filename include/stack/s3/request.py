"""What an S3 request asks for, in IAM's words; apart from the guard since what is not named here is refused.

Follows AWS's "Actions, resources, and condition keys for Amazon S3" and the S3 API reference's query parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.ElementTree import fromstring

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LISTING = frozenset(
    {"list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type"}
    | {"marker", "fetch-owner", "allow-unordered"}
)
_UPLOADS = frozenset({"prefix", "delimiter", "max-uploads", "key-marker", "upload-id-marker", "encoding-type"})
_OVERRIDES = frozenset(
    f"response-{name}"
    for name in ("content-type", "content-disposition", "content-encoding", "content-language", "cache-control")
)
_IGNORED = frozenset({"x-id"})


class Refused(Exception):
    """The request is not let through.

    Args:
        code: S3's name of the error.
        message: What was refused and by which rule.
        status: HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Demand:
    """An action upon a resource, as an IAM document is asked about it."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """A kind of request.

    Attributes:
        name: S3's name of it.
        actions: The IAM actions on the bucket or key that the path names.
        parameters: The query parameters that may come with it; no other gets through.
    """

    name: str
    actions: tuple[str, ...]
    parameters: frozenset[str] = frozenset()


_SERVICE = {("GET", ""): Operation("ListBuckets", ("s3:ListAllMyBuckets",), frozenset({"max-buckets", "prefix"}))}
_ON_BUCKETS = {
    ("GET", ""): Operation("ListObjects", ("s3:ListBucket",), _LISTING),
    ("GET", "location"): Operation("GetBucketLocation", ("s3:GetBucketLocation",)),
    ("GET", "versioning"): Operation("GetBucketVersioning", ("s3:GetBucketVersioning",)),
    ("GET", "uploads"): Operation("ListMultipartUploads", ("s3:ListBucketMultipartUploads",), _UPLOADS),
    ("HEAD", ""): Operation("HeadBucket", ("s3:ListBucket",)),
    ("PUT", ""): Operation("CreateBucket", ("s3:CreateBucket",)),
    ("DELETE", ""): Operation("DeleteBucket", ("s3:DeleteBucket",)),
    ("POST", "delete"): Operation("DeleteObjects", ()),
}
_ON_KEYS = {
    ("GET", ""): Operation("GetObject", ("s3:GetObject",), _OVERRIDES),
    ("HEAD", ""): Operation("HeadObject", ("s3:GetObject",)),
    ("GET", "attributes"): Operation("GetObjectAttributes", ("s3:GetObject",)),
    ("PUT", ""): Operation("PutObject", ("s3:PutObject",)),
    ("DELETE", ""): Operation("DeleteObject", ("s3:DeleteObject",)),
    ("POST", "uploads"): Operation("CreateMultipartUpload", ("s3:PutObject",)),
    ("PUT", "uploadId"): Operation("UploadPart", ("s3:PutObject",), frozenset({"partNumber"})),
    ("POST", "uploadId"): Operation("CompleteMultipartUpload", ("s3:PutObject",)),
    ("DELETE", "uploadId"): Operation("AbortMultipartUpload", ("s3:AbortMultipartUpload",)),
    ("GET", "uploadId"): Operation(
        "ListParts", ("s3:ListMultipartUploadParts",), frozenset({"max-parts", "part-number-marker"})
    ),
}
_SUBRESOURCES = ("location", "versioning", "uploads", "delete", "attributes", "uploadId")


@dataclass(frozen=True)
class S3Request:
    """An S3 request that is understood to its last parameter.

    Attributes:
        operation: What it asks for.
        bucket: The bucket; empty for the list of buckets.
        key: The key; empty for a request about the bucket.
        headers: Its headers, names in lower case, each once.
        body: What is sent on: the body, or the batch of deletes written anew.
        keys: The keys that it writes or deletes.
        prefix: Of the keys that a list asks for; None where it asks for none.
    """

    operation: Operation
    bucket: str
    key: str
    headers: Mapping[str, str]
    body: bytes
    keys: tuple[str, ...]
    prefix: str | None = None

    @property
    def copy_source(self) -> tuple[str, str] | None:
        """Bucket and key that are copied from, or None."""
        source = self.headers.get("x-amz-copy-source")
        if source is None:
            return None
        bucket, _, key = unquote(source).removeprefix("/").partition("/")
        if "?" in source or not _BUCKET.fullmatch(bucket) or not key:
            raise Refused("NotImplemented", f"Copying from {source} is not let through by the guard.", 501)
        return bucket, key

    @property
    def demands(self) -> list[Demand]:
        """Everything that the principal must be allowed to do."""
        target = f"arn:aws:s3:::{self.bucket}" + (f"/{self.key}" if self.key else "") if self.bucket else "*"
        context = {"s3:if-none-match": self.headers["if-none-match"]} if "if-none-match" in self.headers else {}
        context |= {} if self.prefix is None else {"s3:prefix": self.prefix}
        demands = [Demand(action, target, context) for action in self.operation.actions]
        if self.operation.name == "DeleteObjects":
            demands += [Demand("s3:DeleteObject", f"arn:aws:s3:::{self.bucket}/{key}") for key in self.keys]
        if self.copy_source is not None:
            demands.append(Demand("s3:GetObject", "arn:aws:s3:::" + "/".join(self.copy_source)))
        return demands


def understand(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> S3Request:
    """What a request asks for.

    Args:
        method: HTTP method.
        path: Path, decoded.
        query: Query string, still encoded.
        headers: Names in lower case.
        body: The whole body.

    Raises:
        Refused: It is no S3 request of those that the guard lets through.
    """
    bucket, _, key = path.removeprefix("/").partition("/")
    if not path.startswith("/") or (bucket and not _BUCKET.fullmatch(bucket)):
        raise Refused("AccessDenied", f"{path} is no path of a bucket or an object.")
    parameters = _parameters(query)
    operation = _operation(method, bucket, key, parameters)
    keys: tuple[str, ...] = (key,) if key else ()
    if operation.name == "DeleteObjects":
        keys, body = _batch(body)
    return S3Request(operation, bucket, key, headers, body, keys, parameters.get("prefix"))


def _parameters(query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    parameters = dict(pairs)
    if len(parameters) < len(pairs):
        raise Refused("InvalidArgument", "A query parameter is given twice.", 400)
    return parameters


def _operation(method: str, bucket: str, key: str, parameters: Mapping[str, str]) -> Operation:
    table = _ON_KEYS if key else _ON_BUCKETS if bucket else _SERVICE
    subresource = next((name for name in _SUBRESOURCES if name in parameters), "")
    operation = table.get((method, subresource))
    surplus = set(parameters) - {subresource} - _IGNORED - (operation.parameters if operation else frozenset())
    if operation is None or surplus:
        asked = f"{method} on {'an object' if key else 'a bucket' if bucket else 'the service'}"
        named = f" with {', '.join(sorted(surplus | {subresource} - {''}))}" if parameters else ""
        raise Refused("NotImplemented", f"{asked}{named} is not among the S3 operations the guard lets through.", 501)
    return operation


def _batch(body: bytes) -> tuple[tuple[str, ...], bytes]:
    """The keys of a batch of deletes, and the batch written anew, so that what was judged is what is done."""
    try:
        root = fromstring(body)
    except (ParseError, ValueError, LookupError):
        raise Refused("MalformedXML", "The batch of deletes is no XML.", 400) from None
    space = root.tag.removesuffix("Delete")
    again = Element("Delete", {"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"})
    keys = []
    for entry in root.findall(f"{space}Object"):
        if entry.find(f"{space}VersionId") is not None:
            raise Refused("NotImplemented", "Deleting a version of an object is not let through by the guard.", 501)
        keys.append(entry.findtext(f"{space}Key") or "")
        SubElement(SubElement(again, "Object"), "Key").text = keys[-1]
    if not keys or "" in keys:
        raise Refused("MalformedXML", "The batch of deletes names no key, or an empty one.", 400)
    SubElement(again, "Quiet").text = root.findtext(f"{space}Quiet") or "false"
    return tuple(keys), tostring(again)
