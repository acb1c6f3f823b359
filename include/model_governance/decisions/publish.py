"""Publishing: after each decision and deployment the ledger's head is told to places outside the chain, and read there.

Three places that different people can write: the version's card, a lineage action of its own per head, and the
witness file. A chain cut off at its end contradicts each of them that was not cut back with it.
"""

from __future__ import annotations

from model_governance.domain.head import PublishedHead, Sighting
from model_governance.domain.ledger import Entry
from model_governance.domain.model_card import HEAD_DETAIL, with_custom_details
from model_governance.hooks.artifacts import LEDGER_PREFIX
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import ModelPackage

_ACTION = "LedgerHead"
_ACTIONS_LOOKED_AT = 100


def publish_head(installation: Installation, entry: Entry) -> None:
    """Tells every witness the head that this entry was when it was written; safe to repeat.

    Args:
        installation: Through which to act, as ``decision-service`` or ``pipeline``.
        entry: A decision or deployment, in the ledger.

    Raises:
        AccessRefused, ServiceUnavailable, RequestRefused: As the registry or the witness answers. The entry stands;
            whoever looks at its gate next publishes it.
    """
    head = PublishedHead.of(entry)
    ledger = _address(installation, entry.use_case)
    if installation.witness is not None:
        installation.witness.tell(ledger, head, installation.now())
    installation.lineage.note_once(
        f"{entry.use_case}-ledger-{entry.sequence:012d}",
        _ACTION,
        ledger,
        {"sequence": str(head.sequence), "digest": head.digest, "kind": entry.kind.value, "subject": entry.subject},
    )
    if ":model-package/" in entry.subject:
        _note_on_card(installation, entry.subject, head)


def published_heads(installation: Installation, use_case: str) -> tuple[Sighting, ...]:
    """Everything that was published of a use case's ledger, as far back as the newest hundred lineage actions.

    Raises:
        AccessRefused, ServiceUnavailable: As the registry or the witness answers.
    """
    return (
        *witnessed_heads(installation, use_case),
        *_in_lineage(installation, use_case),
        *_on_cards(installation, use_case),
    )


def witnessed_heads(installation: Installation, use_case: str) -> tuple[Sighting, ...]:
    """What the witness file knows of a use case's ledger; nothing where the installation has no witness.

    Raises:
        ServiceUnavailable: The file cannot be read.
    """
    if installation.witness is None:
        return ()
    return installation.witness.sightings(_address(installation, use_case))


def head_on_card(package: ModelPackage) -> Sighting | None:
    """What a version's card says of the ledger; None where it says nothing."""
    details = package.card.get("additional_information", {}).get("custom_details", {})
    head = PublishedHead.parse(str(details.get(HEAD_DETAIL, "")))
    return Sighting(f"the card of {package.arn}", head) if head else None


def _note_on_card(installation: Installation, arn: str, head: PublishedHead) -> None:
    package = installation.registry.describe(arn)
    known = head_on_card(package)
    if known is None or known.head.sequence < head.sequence:
        installation.registry.set_card(arn, with_custom_details(dict(package.card), {HEAD_DETAIL: head.text}))


def _in_lineage(installation: Installation, use_case: str) -> list[Sighting]:
    sightings = []
    for name, said in installation.lineage.noted(_ACTION, _address(installation, use_case), _ACTIONS_LOOKED_AT):
        head = PublishedHead.parse(f"{said.get('sequence', '')} {said.get('digest', '')}")
        if head is not None:
            sightings.append(Sighting(f"the lineage action {name}", head))
    return sightings


def _on_cards(installation: Installation, use_case: str) -> list[Sighting]:
    if not installation.registry.group_exists(use_case):
        return []
    versions = (installation.registry.describe(each.arn) for each in installation.registry.versions(use_case))
    return [sighting for package in versions if (sighting := head_on_card(package)) is not None]


def _address(installation: Installation, use_case: str) -> str:
    return installation.artifacts.uri(f"{LEDGER_PREFIX}{use_case}/")
