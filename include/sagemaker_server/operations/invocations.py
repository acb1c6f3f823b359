"""InvokeEndpoint: the one way to a serving process, whose socket nobody but this server can open."""

from __future__ import annotations

from typing import Any

from sagemaker_server.errors import WireError
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.offers import refuse_others
from sagemaker_server.runtime.capture import Content, Exchange
from sagemaker_server.runtime.deployments import Variant, VariantUnknown
from sagemaker_server.runtime.logs import ENDPOINTS
from sagemaker_server.runtime.serving import ATTRIBUTES, NotServing, ServingFailed
from sagemaker_server.storage.endpoints import Endpoint, EndpointStatus

LARGEST_BODY = 6_291_456
LONGEST_MESSAGE = 1024
OFFERED = {"EndpointName", "Body", "ContentType", "Accept", "CustomAttributes", "TargetVariant", "InferenceId"}


def _arn(scope: Scope, request: dict[str, Any]) -> str:
    return scope.arn(f"endpoint/{request['EndpointName']}")


@operation("InvokeEndpoint", service="sagemaker-runtime", resource=_arn)
def invoke_endpoint(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Relays a request to an endpoint's model and its answer back; see AWS's API_runtime_InvokeEndpoint.

    Raises:
        WireError: ``ValidationError`` without such an endpoint or variant, or with too large a body;
            ``ServiceUnavailable`` while a process is being started; ``ModelError`` (424) when the model answers
            anything but 200, or dies.
    """
    name = request["EndpointName"]
    refuse_others(request, OFFERED, "InvokeEndpoint")
    if len(request["Body"]) > LARGEST_BODY:
        raise WireError(
            "ValidationError", f"The body has {len(request['Body'])} bytes; at most {LARGEST_BODY} can be sent."
        )
    try:
        with call.runtime.endpoints.chosen(name, request.get("TargetVariant")) as variant:
            return _answer(call, request, variant)
    except VariantUnknown as unknown:
        raise WireError("ValidationError", f"Variant {unknown} not found for endpoint {name}.") from None
    except NotServing as fault:
        _require_endpoint(call, name)
        raise WireError("ServiceUnavailable", f"Endpoint {name} cannot answer now: {fault}", 503) from None


def _require_endpoint(call: Call, name: str) -> None:
    """Tells an endpoint that is just not up from one that is not there; one that serves needs no record to be asked.

    Raises:
        WireError: It is not there, has never served, or is being deleted.
    """
    endpoint = call.session.get(Endpoint, name)
    if endpoint is None or endpoint.deployment is None or endpoint.status == EndpointStatus.DELETING:
        raise WireError("ValidationError", f"Endpoint {name} of account {call.account} not found.") from None


def _answer(call: Call, request: dict[str, Any], variant: Variant) -> dict[str, Any]:
    """The container's answer; anything but 200 is an error of the model's."""
    stream = f"log-group:{ENDPOINTS}/{request['EndpointName']}:log-stream:{variant.log_stream}"
    try:
        reply = variant.replica.invoke(request["Body"], _headers(request))
    except ServingFailed as fault:
        raise _model_error(500, str(fault), call.arn(stream, "logs")) from None
    if reply.status != 200:
        raise _model_error(reply.status, reply.body.decode(errors="replace"), call.arn(stream, "logs"))
    asked, answered = Content(request["Body"], request.get("ContentType")), Content(reply.body, reply.content_type)
    exchange = Exchange(request["EndpointName"], variant.name, call.now, asked, answered, request.get("InferenceId"))
    call.runtime.captures.take(variant.capture, exchange)
    return {
        "Body": reply.body,
        "ContentType": reply.content_type,
        "InvokedProductionVariant": variant.name,
    }


def _headers(request: dict[str, Any]) -> dict[str, str]:
    """The request's headers as the container gets them."""
    headers = {"Content-Type": request.get("ContentType"), "Accept": request.get("Accept")}
    headers[ATTRIBUTES] = request.get("CustomAttributes")
    return {name: value for name, value in headers.items() if value}


def _model_error(status: int, said: str, log_stream: str) -> WireError:
    """What the container answered, as AWS wraps it."""
    fault = "client" if status < 500 else "server"
    message = (
        f'Received {fault} error ({status}) from primary with message "{said[:LONGEST_MESSAGE]}". See {log_stream}.'
    )
    members = {"OriginalStatusCode": status, "OriginalMessage": said[:LONGEST_MESSAGE], "LogStreamArn": log_stream}
    return WireError("ModelError", message, 424, members)
