"""UpdateEndpointWeightsAndCapacities: the shares of an endpoint's traffic that its variants get."""

from __future__ import annotations

import copy
from typing import Any

from sagemaker_server.errors import ValidationException
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.endpoint_configs import check_weights
from sagemaker_server.operations.endpoints import existing_endpoint
from sagemaker_server.operations.offers import refuse_others
from sagemaker_server.storage.endpoints import Endpoint, EndpointStatus


def _arn(scope: Scope, request: dict[str, Any]) -> str:
    return scope.arn(f"endpoint/{request['EndpointName']}")


@operation("UpdateEndpointWeightsAndCapacities", resource=_arn)
def update_endpoint_weights_and_capacities(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Shifts traffic between the variants that serve; see AWS's API_UpdateEndpointWeightsAndCapacities.

    The endpoint is ``Updating`` until the new weights hold, which takes no process and some milliseconds. Instance
    counts are kept and shown; one process stands for all of them.

    Raises:
        ValidationException: No such endpoint or variant, no variant is left with a weight, or the endpoint is not
            in service.
    """
    endpoint = existing_endpoint(call, request)
    if endpoint.status != EndpointStatus.IN_SERVICE or endpoint.deployment is None:
        raise ValidationException(
            f'Cannot update weights and capacities of endpoint "{endpoint.arn}": it is {endpoint.status}, '
            f"not {EndpointStatus.IN_SERVICE}."
        )
    endpoint.deployment = _desired(endpoint, request["DesiredWeightsAndCapacities"])
    endpoint.status, endpoint.modified, endpoint.failure_reason = EndpointStatus.UPDATING, call.now, None
    call.on_commit(lambda: call.runtime.endpoints.reweigh(endpoint.name))
    return {"EndpointArn": endpoint.arn}


def _desired(endpoint: Endpoint, wishes: list[dict[str, Any]]) -> dict[str, Any]:
    """The deployment with what is desired of its variants written in.

    Raises:
        ValidationException: As above.
    """
    deployment = copy.deepcopy(endpoint.deployment) or {}
    variants = {variant["name"]: variant for variant in deployment["variants"]}
    named = [wish["VariantName"] for wish in wishes]
    if unknown := sorted(set(named) - set(variants)):
        raise ValidationException(
            f'Could not find variants {", ".join(unknown)} of endpoint "{endpoint.arn}"; there are: '
            f"{', '.join(sorted(variants))}."
        )
    if len(set(named)) != len(named):
        raise ValidationException(f"A variant can be named once, not as in {named}.")
    for wish in wishes:
        refuse_others(wish, {"VariantName", "DesiredWeight", "DesiredInstanceCount"}, "DesiredWeightsAndCapacities")
        variant = variants[wish["VariantName"]]
        variant["desired_weight"] = wish.get("DesiredWeight", variant["weight"])
        variant["desired_instances"] = wish.get("DesiredInstanceCount", variant["instances"])
    check_weights({name: variant.get("desired_weight", variant["weight"]) for name, variant in variants.items()})
    return deployment
