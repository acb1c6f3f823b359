"""What serves, held to what the ledger says serves: whoever may deploy could have changed the endpoint by hand."""

from __future__ import annotations

from datetime import timedelta

from model_governance.domain.deployment import Environment
from model_governance.domain.production import read_production, version_of
from model_governance.errors import GateClosed
from model_governance.hooks.installation import Installation
from model_governance.serving.version import is_own, production_endpoint


def refuse_deviation(installation: Installation, use_case: str, unchanged_seconds: float) -> None:
    """Raises if the production endpoint serves something that is not on record; what is stopped is ended elsewhere.

    Args:
        installation: Through which to look.
        use_case: The use case's name.
        unchanged_seconds: Leave an endpoint alone that was changed since, and one that a deployment is changing:
            somebody may be about to enter why.

    Raises:
        GateClosed: Says what serves, what should, and what to do.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    production = read_production(installation.ledger(use_case).entries())
    if production.attempt or production.stop or production.retirement:
        return
    endpoints, name = installation.endpoints_in(Environment.PRODUCTION), production_endpoint(use_case)
    found = endpoints.find(name)
    if found is None or found.is_changing or not is_own(endpoints, found, use_case):
        return
    if found.has_changed_since(installation.now() - timedelta(seconds=unchanged_seconds)):
        return
    served = production.served
    wanted = str(served.body.get("endpoint_config")) if served else ""
    if found.config == wanted:
        return
    said = (
        f"the ledger has version {version_of(served)} serve by {wanted} (entry {served.sequence})"
        if served
        else "by the ledger no version serves"
    )
    raise GateClosed(
        f"endpoint {name} serves {found.config}, but {said}. Stop it (model-governance stop {use_case} --reason ...), "
        "find out who changed it, then resume: what is on record serves again"
    )
