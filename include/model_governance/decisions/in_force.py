"""The policy and the people in force: the files, if they are the versions that their owner entered in the ledger.

Apart because a file can be edited by whoever can write to the disk; the ledger of policy versions cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pydantic import ValidationError

from model_governance.decisions.publish import publish_head
from model_governance.domain.canonical import digest
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.people import People
from model_governance.domain.policy import Policy
from model_governance.domain.use_case import POLICIES_LEDGER
from model_governance.errors import PolicyNotEntered
from model_governance.hooks.installation import Installation


class PolicyFile(StrEnum):
    """The files that are entered."""

    POLICY = "policy"
    PEOPLE = "people"


_MODELS: dict[PolicyFile, type[Policy] | type[People]] = {PolicyFile.POLICY: Policy, PolicyFile.PEOPLE: People}


def policy_in_force(installation: Installation) -> Policy:
    """The policy, read afresh.

    Raises:
        PolicyInvalid: It does not validate.
        PolicyNotEntered: It is not the version last entered by its owner; naming digest, owner and what to run.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    policy = installation.policy
    _refuse_unentered(installation, PolicyFile.POLICY, policy.digest, installation.ledger(POLICIES_LEDGER).entries())
    return policy


def files_in_force(installation: Installation) -> tuple[Policy, People]:
    """The policy and the people, read afresh and held against one look at the ledger of policy versions.

    Raises:
        PolicyInvalid, PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As ``policy_in_force``.
    """
    policy, people = installation.policy, installation.people
    entries = installation.ledger(POLICIES_LEDGER).entries()
    _refuse_unentered(installation, PolicyFile.POLICY, policy.digest, entries)
    _refuse_unentered(installation, PolicyFile.PEOPLE, people.digest, entries)
    return policy, people


def entered_version(entries: Sequence[Entry], file: PolicyFile, owners: Sequence[str]) -> Entry | None:
    """The entry of the version last entered by an owner, or None; one whose document is not its digest's is none.

    Args:
        entries: Verified entries of the ledger of policy versions.
        file: Which file.
        owners: The principals who may enter, by the installation's setting.
    """
    for entry in reversed(entries):
        body = entry.body
        by_owner = entry.kind is EntryKind.POLICY_VERSION and body.get("principal") in owners
        if by_owner and body.get("file") == file and digest(body.get("document")) == body.get("digest"):
            return entry
    return None


def document_of(entries: Sequence[Entry], file: PolicyFile, wanted: str) -> Policy | People | None:
    """A version of a file by its digest, as it was entered; None if it never was. What a replay goes by."""
    for entry in entries:
        if (entry.kind, entry.body.get("file"), entry.body.get("digest")) == (EntryKind.POLICY_VERSION, file, wanted):
            try:
                model: type[Policy] | type[People] = _MODELS[file]
                return model.model_validate(entry.body.get("document"))
            except ValidationError:
                return None
    return None


def enter_versions(installation: Installation, principal: str, *, only_first: bool = False) -> tuple[Entry, ...]:
    """Enters the policy and the people file as they are now; what is in force already is left alone.

    Args:
        installation: Under the owner's own principal.
        principal: Its name.
        only_first: Whether a file of which any version was entered before is to be left alone.

    Returns:
        The entry in force for each file.

    Raises:
        PolicyNotEntered: The principal is not an owner.
        PolicyInvalid, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise. An entry that is in the
            ledger stands, be it that its head could not be published: entering again publishes it.
    """
    owners = installation.settings.policy_owners
    if principal not in owners:
        raise PolicyNotEntered(
            f"{principal} may not enter a policy: its owner in this installation is {' or '.join(owners)} "
            "(MODEL_GOVERNANCE_POLICY_OWNER)"
        )
    ledger = installation.ledger(POLICIES_LEDGER)
    versions: dict[PolicyFile, Policy | People] = {
        PolicyFile.POLICY: installation.policy,
        PolicyFile.PEOPLE: installation.people,
    }
    entered = []
    for file, version in versions.items():
        body = {"file": file.value, "digest": version.digest, "principal": principal, "document": version.document}
        proposal = Proposal(EntryKind.POLICY_VERSION, f"{file.value}.yaml", body)

        def propose(entries: Sequence[Entry], proposal: Proposal = proposal) -> Proposal | Entry:
            held = entered_version(entries, PolicyFile(proposal.body["file"]), owners)
            is_enough = held is not None and (only_first or held.body["digest"] == proposal.body["digest"])
            return held if held is not None and is_enough else proposal

        entered.append(ledger.propose(propose))
        publish_head(installation, entered[-1])
    return tuple(entered)


def _refuse_unentered(installation: Installation, file: PolicyFile, found: str, entries: Sequence[Entry]) -> None:
    owners = installation.settings.policy_owners
    entry = entered_version(entries, file, owners)
    if entry is not None and entry.body["digest"] == found:
        return
    said = f"in force is {str(entry.body['digest'])[:12]}, entered {entry.time:%Y-%m-%d}" if entry else "none was ever"
    raise PolicyNotEntered(
        f"{file.value}.yaml in {installation.settings.policies} has digest {found[:12]}, which has not been entered "
        f"in the ledger ({said}). Its owner, {' or '.join(owners)}, enters it with: model-governance policy enter"
    )
