"""Who is calling, and being a role for a while: the Security Token Service, apart because its protocol is."""

from __future__ import annotations

from typing import Any

from sagemaker_server.errors import AccessDeniedException, ServerMisconfigured, ValidationException, WireError
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.offers import refuse_others
from sagemaker_server.signature.roles import CHAINED_SESSION, DEFAULT_SESSION, Role

_OFFERED = {"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"}


@operation("GetCallerIdentity", service="sts", allowed_to_all=True)
def get_caller_identity(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Answer account, ARN and user id of the principal that signed; see AWS's API_GetCallerIdentity."""
    return {"Account": call.principal.account, "Arn": call.principal.arn, "UserId": call.principal.user_id}


def _role_arn(scope: Scope, request: dict[str, Any]) -> str:
    return str(request["RoleArn"])


def _conditions(request: dict[str, Any]) -> dict[str, Any]:
    return {"sts:RoleSessionName": request["RoleSessionName"], "sts:ExternalId": request.get("ExternalId")}


@operation("AssumeRole", service="sts", resource=_role_arn, conditions=_conditions, shared=True, by_trust=True)
def assume_role(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Give temporary credentials of a role to whom its trust policy names; see AWS's API_AssumeRole.

    Session policies, session tags, source identities and multi-factor codes are refused.

    Raises:
        ValidationException: The duration exceeds the role's, or that of a session begun by another; the session's
            name is not ASCII, or something is asked for that is not offered.
        WireError: The installation has no key for sessions.
    """
    refuse_others(request, _OFFERED, "AssumeRole")
    role = call.accounts.principals.roles.by_arn.get(request["RoleArn"])
    if role is None:
        raise AccessDeniedException(f"There is no role {request['RoleArn']}.")
    name = request["RoleSessionName"]
    if not name.isascii():
        raise ValidationException("RoleSessionName must be ASCII.")
    seconds = request.get("DurationSeconds", DEFAULT_SESSION)
    _check_duration(call, role, seconds)
    try:
        issued = call.accounts.principals.roles.begin(role, name, seconds, call.now)
    except ServerMisconfigured as fault:
        raise WireError("ServiceUnavailable", f"{fault}.", 503) from None
    return {
        "Credentials": {
            "AccessKeyId": issued.principal.access_key_id,
            "SecretAccessKey": issued.principal.secret_access_key,
            "SessionToken": issued.token,
            "Expiration": issued.expires,
        },
        "AssumedRoleUser": {"AssumedRoleId": issued.principal.user_id, "Arn": issued.principal.arn},
    }


def _check_duration(call: Call, role: Role, seconds: int) -> None:
    if seconds > role.longest:
        raise ValidationException("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    if call.principal.session is not None and seconds > CHAINED_SESSION:
        raise ValidationException(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
