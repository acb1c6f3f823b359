"""What is noted of a deployment beside the ledger's entry: life cycles, card, lineage, published head, seal."""

from __future__ import annotations

from model_governance.decisions.publish import publish_head
from model_governance.decisions.supersede import supersede_older
from model_governance.domain.ledger import Authority, Entry
from model_governance.domain.model_card import with_custom_details
from model_governance.domain.production import read_production
from model_governance.errors import GateClosed
from model_governance.hooks.model_registry import PRODUCTION_STAGE, StageStatus
from model_governance.serving.version import Version


def note_deployment(version: Version) -> Entry:
    """Notes that a version serves, wherever people look for it; safe to repeat.

    Returns:
        The deployment's entry.

    Raises:
        GateClosed: The ledger does not say that it serves, or the endpoint does not.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    installation = version.installation
    production = read_production(installation.ledger(version.name).entries())
    found = version.endpoints.find(version.endpoint)
    serves = production.served is not None and production.served.subject == version.arn
    if production.served is None or not serves or found is None or found.config != version.config:
        raise GateClosed(
            f"version {version.number} of {version.name} is not on record as deployed, or endpoint {version.endpoint} "
            f"does not serve {version.config} (found {found.config if found else 'no endpoint'}). Clear this stage's "
            "deploy task."
        )
    entry = production.served
    supersede_older(installation, version.name, version.number)
    for other in production.before:
        _note_replaced(version, other)
    package = installation.registry.describe(version.arn)
    if (package.stage, package.stage_status) != (PRODUCTION_STAGE, StageStatus.DEPLOYED):
        words = f"serves from endpoint {version.endpoint} by run {version.candidate.run_id}"
        installation.registry.set_life_cycle(version.arn, PRODUCTION_STAGE, StageStatus.DEPLOYED, words)
    told = {"deployment": f"{version.endpoint} ({version.config})"}
    changed = with_custom_details(dict(package.card), told)
    if changed != package.card:
        installation.registry.set_card(version.arn, changed)
    publish_head(installation, entry)
    installation.ledger(version.name).seal(Authority.LEDGER)
    _note_in_lineage(version, found.arn, package.model_data_url)
    return entry


def _note_replaced(version: Version, other: Entry) -> None:
    """Says in the life cycle of a version that served before that it does no more."""
    package = version.installation.registry.describe(other.subject)
    if (package.stage, package.stage_status) == (PRODUCTION_STAGE, StageStatus.DEPLOYED):
        words = f"replaced by version {version.number} in run {version.candidate.run_id}"
        version.installation.registry.set_life_cycle(other.subject, PRODUCTION_STAGE, StageStatus.REPLACED, words)


def _note_in_lineage(version: Version, endpoint: str, model: str) -> None:
    lineage = version.installation.lineage
    properties = {"model_package": version.arn, "endpoint_config": version.config}
    action = lineage.action(f"{version.job_name}-deployment", "ModelDeployment", endpoint, properties=properties)
    lineage.associate(lineage.artifact(f"{version.job_name}-model", "Model", model), action, "ContributedTo")
