"""Use-case approval: the declaration becomes a card, a person approves it, and only then there is a package group."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import task_group

from model_governance.decisions.record import since_clean_up
from model_governance.domain.decision import Gate
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.model_card import decided_digest, use_case_content
from model_governance.operators.run import Run
from model_governance.serving.retirement import refuse_retired
from model_governance.stages.gate import gate_tasks


@task_group(tooltip="The use case is declared, its risk computed, and a person approves it.")
def use_case_approval(use_case: str) -> None:
    """The first gate; a retraining run finds it open and goes on."""
    gate_tasks(Gate.USE_CASE, use_case, before=declare_use_case, behind=create_package_group)


def declare_use_case(run: Run) -> None:
    """Writes the use case's card and enters the declaration that this run goes by into the ledger.

    A retired use case is refused unless the run asks for its approval anew. A card that says what people decide on
    already is left alone, so that a retraining run reopens nothing.
    """
    refuse_retired(run.installation, run.name, brings_back=bool(run.parameters.get("bring_back")))
    declared = run.installation.use_case(run.name)
    content = use_case_content(declared, run.risk)
    card = run.installation.cards.find(run.name)
    if card is None or decided_digest(dict(card.content)) != decided_digest(content):
        card = run.installation.cards.ensure(run.name, content)
    body = {
        "run_id": run.run_id,
        "use_case_digest": declared.digest,
        "tier": run.risk.tier.value,
        "reason": str(run.parameters.get("reason") or ""),
        "declaration": declared.model_dump(mode="json"),
        **({"asked_by_monitoring": list(run.asked_by)} if run.asked_by else {}),
    }

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        declared_before = [e for e in since_clean_up(entries) if e.kind is EntryKind.USE_CASE and e.subject == card.arn]
        newest = next((e for e in reversed(declared_before) if e.body.get("run_id") == run.run_id), None)
        return newest if newest is not None and newest.body == body else Proposal(EntryKind.USE_CASE, card.arn, body)

    run.installation.ledger(run.name).propose(propose)


def create_package_group(run: Run) -> None:
    """Creates the use case's model package group, which the registry refuses without the approved card's tag.

    The accounts of test and production may then see its versions, and make models of those that are approved.
    """
    card = run.installation.cards.describe(run.name)
    run.installation.registry.ensure_group(
        run.name,
        run.use_case.title,
        {
            "model-governance:use-case": run.name,
            "model-governance:datazone-project": run.use_case.datazone.project_id,
            "model-governance:approved-card": card.arn,
        },
    )
    run.installation.registry.share_group(run.name, run.installation.settings.other_accounts)
