"""How people name what a gate stands before: a use case, and for all but the first gate a version's number."""

from __future__ import annotations

from dataclasses import dataclass

from model_governance.domain.decision import Gate
from model_governance.errors import RecordMissing
from model_governance.hooks.installation import Installation


@dataclass(frozen=True)
class Named:
    """What a gate stands before.

    Attributes:
        arn: Of the card or the model package.
        name: What to call it.
    """

    arn: str
    name: str


def named_subject(installation: Installation, gate: Gate, use_case: str, version: int | None) -> Named:
    """What a gate stands before, by use case and version; the newest version where none is given.

    Raises:
        RecordMissing: There is no such use case, card or version.
        AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    if gate is Gate.USE_CASE:
        if version is not None:
            raise RecordMissing(f"the use_case gate is about {use_case} itself, which has no version {version}")
        card = installation.cards.find(use_case) if use_case in installation.use_cases.valid else None
        if card is None:
            raise RecordMissing(f"{_nothing_of(installation, use_case)}: there is no card to decide on")
        return Named(card.arn, use_case)
    if not installation.registry.group_exists(use_case):
        raise RecordMissing(f"{_nothing_of(installation, use_case)}: there is no version")
    versions = {each.version: each.arn for each in installation.registry.versions(use_case)}
    wanted = version or max(versions, default=0)
    if wanted not in versions:
        held = ", ".join(map(str, sorted(versions))) or "none"
        raise RecordMissing(f"{use_case} has no version {wanted or 'at all'}; there are: {held}")
    return Named(versions[wanted], f"{use_case} version {wanted}")


def _nothing_of(installation: Installation, use_case: str) -> str:
    if use_case in installation.use_cases.valid:
        return f"the lifecycle of {use_case} has not come so far"
    return f"there is no use case {use_case!r}"
