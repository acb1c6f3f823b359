"""What of AWS's parameters is offered here: one that would change the outcome and cannot be honoured is refused.

Apart because jobs, models and endpoints all refuse in the same words; silently passing over a parameter that asks for
isolation, encryption or another hardware would be worse than to refuse it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sagemaker_server.errors import AccessDeniedException, ValidationException
from sagemaker_server.operations.call import Call
from sagemaker_server.signature import account_of, authorise


def refuse_others(request: Mapping[str, Any], offered: Collection[str], where: str) -> None:
    """Refuses members that are set and not offered; false, empty and zero ones ask for nothing.

    Args:
        request: The request, or a structure of it.
        offered: The names of the members that are honoured, or make no difference.
        where: How to call the structure.

    Raises:
        ValidationException: Naming those that are not.
    """
    others = sorted(name for name, value in request.items() if value and name not in offered)
    if others:
        raise ValidationException(
            f"{where}: {', '.join(others)} cannot be honoured by the embedded server; leave it out."
        )


def require_value(value: object, allowed: Collection[object], where: str) -> None:
    """Refuses a value that AWS would take and this server cannot honour.

    Raises:
        ValidationException: Naming the value and those allowed.
    """
    if value not in allowed:
        options = ", ".join(map(str, allowed))
        raise ValidationException(
            f"{where} {value!r} cannot be honoured by the embedded server; here it must be {options}."
        )


def may_pass_role(call: Call, role: str | None) -> None:
    """Refuses a role that the caller may not hand to a job or model, as AWS does; here no role is ever taken on.

    Raises:
        AccessDeniedException: The principal's policy does not allow ``iam:PassRole`` on it, or it is another account's.
    """
    if role:
        if account_of(role) != call.account:
            raise AccessDeniedException(f"Cross-account pass role is not allowed: {role} is not of {call.account}.")
        authorise(call.principal, "iam:PassRole", role, {"iam:PassedToService": "sagemaker.amazonaws.com"})


def s3_uri(value: str, where: str) -> str:
    """The value, which must be of the form ``s3://bucket/key``.

    Raises:
        ValidationException: It is not.
    """
    if not value.startswith("s3://") or not value.removeprefix("s3://").partition("/")[0]:
        raise ValidationException(f"{where} {value!r} must be of the form s3://bucket/key.")
    return value
