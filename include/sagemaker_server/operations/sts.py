"""Who is calling: the one action of the Security Token Service that clients need, apart because its protocol is."""

from __future__ import annotations

from typing import Any

from sagemaker_server.operations.call import Call, operation


@operation("GetCallerIdentity", service="sts", allowed_to_all=True)
def get_caller_identity(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Answer account, ARN and user id of the principal that signed; see AWS's API_GetCallerIdentity."""
    return {"Account": call.principal.account, "Arn": call.principal.arn, "UserId": call.principal.user_id}
