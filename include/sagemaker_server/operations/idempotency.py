"""A request with a ClientToken carried out once, however often it is sent; apart because several actions take one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from sagemaker_server.errors import ConflictException
from sagemaker_server.operations.call import Call
from sagemaker_server.storage.tokens import ClientToken


def once(
    call: Call,
    action: str,
    request: dict[str, Any],
    perform: Callable[[], dict[str, Any]],
    *,
    resource: Callable[[dict[str, Any]], str],
) -> dict[str, Any]:
    """The action's answer: performed now, or the one that this token was given before.

    Args:
        call: The call, in a writing transaction.
        action: The action's name; tokens of different actions do not meet.
        request: The request; without ``ClientToken`` it is simply performed.
        perform: Carries the request out.
        resource: From the answer the ARN of what was made; when that is deleted the token is forgotten.

    Raises:
        ConflictException: The token came with another request before.
    """
    token = request.get("ClientToken")
    if token is None:
        return perform()
    digest = _digest(request)
    known = call.session.get(ClientToken, (action, token))
    if known is not None:
        if known.request_digest != digest:
            raise ConflictException(
                f"ClientToken {token} was used for {action} at {known.created_at.isoformat()} with other parameters, "
                f"for {known.resource_arn}; use another token, or send the same request."
            )
        return known.answer
    answer = perform()
    remembered = ClientToken(action=action, token=token, request_digest=digest, resource_arn=resource(answer))
    remembered.answer, remembered.created_at = answer, call.now
    call.session.add(remembered)
    return answer


def _digest(request: dict[str, Any]) -> str:
    asked = {name: value for name, value in request.items() if name != "ClientToken"}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
