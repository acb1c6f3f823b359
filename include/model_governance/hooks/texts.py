"""Texts by digest: the policies and people files that requests and decisions refer to, kept for their replay.

Apart from ``hooks.configuration``, which reads what is in force now: here is what was, found by a decision's digest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from pydantic import ValidationError

from model_governance.domain.canonical import canonical_json, sha256_hex
from model_governance.domain.people import People
from model_governance.domain.policy import Policy
from model_governance.errors import PolicyInvalid
from model_governance.hooks.artifacts import LEDGER_PREFIX, Artifacts

TEXTS_PREFIX = f"{LEDGER_PREFIX}_texts/"
"""Under the ledgers, where nothing is overwritten or deleted; no use case's name begins with an underscore."""


@dataclass(frozen=True)
class Texts:
    """Canonical JSON under its own sha256, written once.

    Attributes:
        artifacts: The object store.
    """

    artifacts: Artifacts
    _kept: set[str] = field(default_factory=set, repr=False, compare=False)

    def keep(self, text: Policy | People) -> None:
        """Stores the text under its digest, unless it is there.

        Raises:
            ArtifactChanged: Something else stands there.
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        data = canonical_json(text.document)
        digest = sha256_hex(data)
        if digest not in self._kept:
            self.artifacts.put_once(_key(digest), data)
            self._kept.add(digest)

    def policy(self, digest: str) -> Policy:
        """The policy of that digest.

        Raises:
            RecordMissing: It was never stored.
            ArtifactChanged: What is stored has another digest.
            PolicyInvalid: It is no policy that this version understands.
        """
        try:
            return Policy.model_validate(self._read(digest))
        except ValidationError as faults:
            raise PolicyInvalid(f"the text {digest[:12]} is no policy: {faults.error_count()} faults") from None

    def people(self, digest: str) -> People:
        """The people file of that digest.

        Raises:
            RecordMissing, ArtifactChanged, PolicyInvalid: As ``policy``.
        """
        try:
            return People.model_validate(self._read(digest))
        except ValidationError as faults:
            raise PolicyInvalid(f"the text {digest[:12]} is no people file: {faults.error_count()} faults") from None

    def _read(self, digest: str) -> object:
        return json.loads(self.artifacts.get(_key(digest), digest))


def _key(digest: str) -> str:
    return f"{TEXTS_PREFIX}{digest}.json"
