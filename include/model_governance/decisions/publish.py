"""Publishing: a ledger's head is told to places outside the chain, and read there.

After each decision and deployment, and after whatever the policy's owners say. Three places that different people can
write: the version's card, a lineage action of its own per head, and the witness file. A chain cut off at its end
contradicts each of them that was not cut back with it.
"""

from __future__ import annotations

from model_governance.domain.head import PublishedHead, Sighting, refuse_cut_off
from model_governance.domain.ledger import Entry
from model_governance.domain.model_card import HEAD_DETAIL, with_custom_details
from model_governance.hooks.artifacts import LEDGER_PREFIX
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import ModelPackage

_ACTION = "LedgerHead"


def publish_head(installation: Installation, entry: Entry, *, on_card: bool = True) -> None:
    """Tells every witness the head that this entry was when it was written; safe to repeat.

    Args:
        installation: Through which to act, as ``decision-service``, ``pipeline`` or the policy's owner.
        entry: In the ledger.
        on_card: Whether to tell a version's card, which the policy's owner may not edit.

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
    if on_card:
        note_on_card(installation, entry)


def note_on_card(installation: Installation, entry: Entry) -> None:
    """Tells the card of the version that an entry is about, if it is about one, the head that it was; safe to repeat.

    A card is read, changed and written: by whoever comes before the stage that writes it next, or not at all.

    Raises:
        RecordMissing, AccessRefused, ServiceUnavailable, RequestRefused: As the registry answers.
    """
    if ":model-package/" not in entry.subject:
        return
    head, package = PublishedHead.of(entry), installation.registry.describe(entry.subject)
    known = head_on_card(package)
    if known is None or known.head.sequence < head.sequence:
        installation.registry.set_card(package.arn, with_custom_details(dict(package.card), {HEAD_DETAIL: head.text}))


def publish_what_was_left(installation: Installation, use_case: str) -> None:
    """Publishes the head that a ledger has now, be it that a kill came between the entry and its publication.

    Args:
        installation: Through which to act.
        use_case: The use case's name.

    Raises:
        LedgerBroken: The ledger does not hold, or the witness file knows a later head: it was cut off at the end.
        AccessRefused, ServiceUnavailable, RequestRefused: As ``publish_head``.
    """
    heads = witnessed_heads(
        installation, use_case
    )  # before the ledger: what is published meanwhile is of later entries
    entries = installation.ledger(use_case).entries()
    refuse_cut_off(use_case, entries, heads)
    if entries:
        publish_head(installation, entries[-1], on_card=False)


def published_heads(installation: Installation, use_case: str) -> tuple[Sighting, ...]:
    """Everything that was published of a use case's ledger, all of it: who wrote a chain anew could publish any number.

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


def witnessed_entries(installation: Installation, use_case: str) -> tuple[Entry, ...]:
    """The ledger, every entry read afresh, and held against the witness file.

    Raises:
        LedgerBroken: It does not hold, or the witness knows a later head.
        AccessRefused, ServiceUnavailable: As the store and the witness answer.
    """
    heads = witnessed_heads(installation, use_case)
    entries = installation.ledger(use_case).verify()
    refuse_cut_off(use_case, entries, heads)
    return entries


def witnessed_ledgers(installation: Installation) -> tuple[str, ...]:
    """Names of the ledgers that the witness file knows in this bucket, be it that the bucket has lost one entirely."""
    if installation.witness is None:
        return ()
    root = installation.artifacts.uri(LEDGER_PREFIX)
    addresses = (each for each in installation.witness.ledgers() if each.startswith(root) and each.endswith("/"))
    return tuple(name for each in addresses if "/" not in (name := each.removeprefix(root).rstrip("/")))


def head_on_card(package: ModelPackage) -> Sighting | None:
    """What a version's card says of the ledger; None where it says nothing."""
    details = package.card.get("additional_information", {}).get("custom_details", {})
    head = PublishedHead.parse(str(details.get(HEAD_DETAIL, "")))
    return Sighting(f"the card of {package.arn}", head) if head else None


def _in_lineage(installation: Installation, use_case: str) -> list[Sighting]:
    sightings = []
    for name, said in installation.lineage.noted(_ACTION, _address(installation, use_case)):
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
