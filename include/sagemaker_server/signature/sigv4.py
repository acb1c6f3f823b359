"""Who signed a request: AWS Signature Version 4 verified by signing again with botocore's own code.

Follows AWS's "Signature Version 4 signing process". Beside the signature itself are checked: that everything which
says what is asked (host, content type, every ``x-amz-`` header) is signed, that the scope names this region and
service, that the time is within 15 minutes of ours, and that the body is the one whose hash was signed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import ReadOnlyCredentials

from sagemaker_server.errors import IncompleteSignature, MissingAuthenticationToken, SignatureDoesNotMatch
from sagemaker_server.signature.installed import Principals
from sagemaker_server.signature.principals import Principal

CLOCK_SKEW = timedelta(minutes=15)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<key>[\w-]{1,128})/(?P<day>\d{8})/(?P<region>[\w-]+)/(?P<service>[\w-]+)/aws4_request"
    r",\s*SignedHeaders=(?P<headers>[\w;.-]+),\s*Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)
_TIME_FORMAT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class SignedRequest:
    """A request as it came over the wire.

    Attributes:
        method: The HTTP method.
        path: The path, still percent-encoded.
        query: The query string, still percent-encoded, without ``?``.
        headers: Names and values in the order received.
        body: The whole body.
    """

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header, its name in lower case; None without one."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True)
class _Claim:
    access_key_id: str
    day: str
    region: str
    service: str
    signed: frozenset[str]
    signature: str


def verify(
    request: SignedRequest, principals: Principals, service: str, *, region: str, now: datetime | None = None
) -> Principal:
    """The principal that signed the request.

    Args:
        request: The request.
        principals: Who may sign.
        service: The service's signing name, which the signature's scope must bear, such as ``sagemaker`` or ``s3``.
        region: The region that the scope must bear.
        now: Our time, aware; the clock's by default.

    Raises:
        MissingAuthenticationToken: There is no signature.
        IncompleteSignature: The signature cannot be read, or leaves out what must be signed.
        UnrecognizedClientException: Nobody has that access key, or the session token is none of it.
        ExpiredToken: The session has ended.
        SignatureDoesNotMatch: Signed with another secret, for another service or region, at another time, or
            something was changed on the way.
    """
    claim = _claim(request)
    now = now or datetime.now(UTC)
    timestamp = _timestamp(request, claim, now)
    principal = principals.caller(claim.access_key_id, request.header("x-amz-security-token"), now)
    if (claim.region, claim.service) != (region, service):
        raise SignatureDoesNotMatch(
            f"Credential should be scoped to a valid region and service: this is {region}/{service}, "
            f"not {claim.region}/{claim.service}."
        )
    _check_body(request)
    expected = _signature(request, claim, timestamp, principal.secret_access_key)
    if not hmac.compare_digest(expected, claim.signature):
        raise SignatureDoesNotMatch(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )
    return principal


def _claim(request: SignedRequest) -> _Claim:
    header = request.header("authorization")
    if header is None:
        raise MissingAuthenticationToken()
    found = _AUTHORIZATION.fullmatch(header.strip())
    if found is None:
        raise IncompleteSignature("Authorization header is not of the form that AWS4-HMAC-SHA256 requires.")
    signed = frozenset(found["headers"].split(";"))
    present = [name.lower() for name, _ in request.headers]
    unsigned = {n for n in present if n not in signed and (n.startswith("x-amz-") or n in {"host", "content-type"})}
    twice = {name for name in signed if present.count(name) != 1}
    if unsigned or twice or "host" not in signed:
        fault = ", ".join(sorted(unsigned | twice)) or "host"
        raise IncompleteSignature(f"These headers must be there once and be signed: {fault}.")
    return _Claim(found["key"], found["day"], found["region"], found["service"], signed, found["signature"])


def _timestamp(request: SignedRequest, claim: _Claim, now: datetime) -> str:
    text = request.header("x-amz-date") or ""
    try:
        signed_at = datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise IncompleteSignature("X-Amz-Date must be there, in the form YYYYMMDDTHHMMSSZ.") from None
    if not text.startswith(claim.day):
        raise SignatureDoesNotMatch(f"Date in Credential scope does not match YYYYMMDD from X-Amz-Date {text}.")
    limit = int(CLOCK_SKEW.total_seconds() // 60)
    if signed_at < now - CLOCK_SKEW:
        earliest = (now - CLOCK_SKEW).strftime(_TIME_FORMAT)
        raise SignatureDoesNotMatch(f"Signature expired: {text} is now earlier than {earliest} ({limit} min. ago).")
    if signed_at > now + CLOCK_SKEW:
        latest = (now + CLOCK_SKEW).strftime(_TIME_FORMAT)
        raise SignatureDoesNotMatch(
            f"Signature not yet current: {text} is still later than {latest} (in {limit} min.)."
        )
    return text


def _check_body(request: SignedRequest) -> None:
    declared = request.header("x-amz-content-sha256")
    if declared is not None and not hmac.compare_digest(
        declared.encode(), hashlib.sha256(request.body).hexdigest().encode()
    ):
        raise SignatureDoesNotMatch(
            "The provided 'x-amz-content-sha256' header does not match what was computed: the body must be signed."
        )


class _Resigning:
    """What the two classes below add to botocore's signers: exactly the headers that the client signed."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        """The headers that the request was built with; botocore would leave some out."""
        return request.headers


class _ServiceSigner(_Resigning, SigV4Auth):
    """Signs for every service but S3, whose paths are not normalised."""


class _S3Signer(_Resigning, S3SigV4Auth):
    """Signs for S3."""


def _signature(request: SignedRequest, claim: _Claim, timestamp: str, secret: str) -> str:
    kind = _S3Signer if claim.service == "s3" else _ServiceSigner
    signer = kind(ReadOnlyCredentials(claim.access_key_id, "", None), claim.service, claim.region)
    headers = {name: value for name, value in request.headers if name.lower() in claim.signed}
    query = f"?{request.query}" if request.query else ""
    again = AWSRequest(request.method, f"http://{request.header('host')}{request.path}{query}", headers, request.body)
    again.context["timestamp"] = timestamp
    to_sign: str = signer.string_to_sign(again, signer.canonical_request(again))
    return hmac.new(_key(secret, claim.day, claim.region, claim.service), to_sign.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=1024)
def _key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
