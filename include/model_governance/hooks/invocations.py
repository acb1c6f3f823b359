"""An endpoint as its tests see it: asked once, and whatever comes back, a refusal too, is the answer.

Apart from ``endpoints``, which asks for callers who want an answer: that tries again and raises; here a second try
would hide what is being tested.
"""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from model_governance.evaluation.validation.questions import Answer, Ask, Question
from model_governance.hooks.aws import calling

_OF_THE_SERVICE = frozenset({"ModelError", "ValidationError", "ValidationException", "ModelNotReadyException"})
_OF_THE_CALLER = frozenset({401, 403})


def asked_once(runtime: Any, endpoint: str) -> Ask:
    """A way to ask an endpoint, from several threads if need be, that never tries a second time.

    Args:
        runtime: A boto3 client of the SageMaker runtime; it tries nothing a second time from now on.
        endpoint: The endpoint's name.

    Returns:
        What asks. It raises AccessRefused where the caller is not allowed, ServiceUnavailable where SageMaker itself
        cannot be reached: neither says anything of the endpoint.
    """
    service = runtime.meta.service_model.service_id.hyphenize()
    runtime.meta.events.unregister(f"needs-retry.{service}", unique_id=f"retry-config-{service}")

    def ask(question: Question) -> Answer:
        began = time.perf_counter()
        with calling("sagemaker", f"InvokeEndpoint {endpoint}"):
            try:
                found = runtime.invoke_endpoint(
                    EndpointName=endpoint,
                    ContentType=question.content_type,
                    Accept=question.accept,
                    Body=question.body,
                )
                body: bytes = found["Body"].read()
            except ReadTimeoutError:
                seconds = time.perf_counter() - began
                return Answer(None, seconds=seconds, problem=f"no answer within {seconds:.0f} s")
            except ClientError as fault:
                return _refusal(fault, time.perf_counter() - began)
        return Answer(200, body, found.get("ContentType", ""), time.perf_counter() - began)

    return ask


def _refusal(fault: ClientError, seconds: float) -> Answer:
    """The model's status where it answered, the service's own otherwise; a throttled request is no refusal of it.

    Raises:
        ClientError: The caller is not known or not allowed.
    """
    error = fault.response.get("Error", {})
    code, status = str(error.get("Code", "")), int(fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code == "ModelError":
        said = str(fault.response.get("OriginalMessage") or error.get("Message", ""))
        original: Any = fault.response.get("OriginalStatusCode") or 500
        return Answer(int(original), said.encode(), "text/plain", seconds)
    if status in _OF_THE_CALLER or "AccessDenied" in code:
        raise fault
    said = f"{error.get('Message', '')} ({code})"
    if status >= 500 or code in _OF_THE_SERVICE:
        return Answer(status, said.encode(), "text/plain", seconds)
    return Answer(None, seconds=seconds, problem=f"SageMaker did not pass the request on: {said}")
