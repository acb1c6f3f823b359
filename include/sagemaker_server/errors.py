"""Every error the wire can answer with, under AWS's names, apart so that any layer can refuse without knowing HTTP."""

from __future__ import annotations

from typing import Any, ClassVar


class WireError(Exception):
    """A refusal as a client sees it; root of every error of this package.

    Args:
        code: AWS's name of the error, which boto3 makes its exception class from.
        message: What was refused, by which rule, with the numbers.
        http_status: The HTTP status, in [400, 599].
        members: Further members of the error's shape, such as ``OriginalStatusCode`` of a ``ModelError``.
    """

    codes_by_service: ClassVar[dict[str, str]] = {}

    def __init__(self, code: str, message: str, http_status: int = 400, members: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.http_status = http_status
        self.members = members or {}

    def code_for(self, service: str) -> str:
        """The error's name at a service: signature faults are called differently by STS and S3."""
        return self.codes_by_service.get(service, self.code)


class ValidationException(WireError):
    """The request breaks a rule, or names what SageMaker says it "could not find"."""

    codes_by_service = {"sts": "ValidationError"}

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class SerializationException(WireError):
    """The body is not the JSON that the action takes."""

    def __init__(self, message: str) -> None:
        super().__init__("SerializationException", message)


class RequestTooLarge(WireError):
    """The body is larger than any action takes."""

    def __init__(self, message: str) -> None:
        super().__init__("RequestEntityTooLargeException", message, 413)


class ResourceNotFound(WireError):
    """What cards and lineage answer for something that is not there."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFound", message)


class NotFoundException(WireError):
    """What KMS answers for a key that is not there."""

    def __init__(self, message: str) -> None:
        super().__init__("NotFoundException", message)


class ConflictException(WireError):
    """The request contradicts what is stored."""

    def __init__(self, message: str) -> None:
        super().__init__("ConflictException", message)


class ResourceInUse(WireError):
    """The thing exists already, or something still depends on it."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceInUse", message)


class ResourceLimitExceeded(WireError):
    """A quota is reached."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceLimitExceeded", message)


class AccessDeniedException(WireError):
    """The principal's policy does not allow the action."""

    codes_by_service = {"sts": "AccessDenied", "s3": "AccessDenied"}

    def __init__(self, message: str) -> None:
        super().__init__("AccessDeniedException", message)


class MissingAuthenticationToken(WireError):
    """The request is not signed."""

    codes_by_service = {"sts": "MissingAuthenticationToken", "s3": "AccessDenied"}

    def __init__(self, message: str = "Missing Authentication Token") -> None:
        super().__init__("MissingAuthenticationTokenException", message, 403)


class IncompleteSignature(WireError):
    """The Authorization header cannot be read, or leaves out what must be signed."""

    codes_by_service = {"sts": "IncompleteSignature", "s3": "AuthorizationHeaderMalformed"}

    def __init__(self, message: str) -> None:
        super().__init__("IncompleteSignatureException", message, 403)


class SignatureDoesNotMatch(WireError):
    """The signature is not the one that the principal's secret gives for this request, or its time has passed."""

    codes_by_service = {"sts": "SignatureDoesNotMatch", "s3": "SignatureDoesNotMatch"}

    def __init__(self, message: str) -> None:
        super().__init__("InvalidSignatureException", message, 403)


class UnrecognizedClientException(WireError):
    """The access key belongs to no principal."""

    codes_by_service = {"sts": "InvalidClientTokenId", "s3": "InvalidAccessKeyId"}

    def __init__(self, message: str = "The security token included in the request is invalid.") -> None:
        super().__init__("UnrecognizedClientException", message, 403)


class ExpiredToken(WireError):
    """The session that signed has ended."""

    codes_by_service = {"s3": "ExpiredToken", "sts": "ExpiredToken"}

    def __init__(self, message: str = "The security token included in the request is expired") -> None:
        super().__init__("ExpiredTokenException", message, 403)


class UnknownOperationException(WireError):
    """No action of that name exists at AWS."""

    def __init__(self, message: str) -> None:
        super().__init__("UnknownOperationException", message)


class NotImplementedHere(WireError):
    """The action exists at AWS and not in this server."""

    def __init__(self, message: str) -> None:
        super().__init__("UnsupportedOperation", message)


class ServerMisconfigured(Exception):
    """A setting or a file of the installation is wrong; the server does not start. The message names it."""
