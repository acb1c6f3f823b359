"""A version's registered baselines, read only as they are on record: by address from the registry, by digest from the
ledger.

Apart from ``evaluation.baselines``, which reads what is in them: here is why they can be believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from model_governance.domain.evidence import Evidence
from model_governance.errors import ArtifactChanged, RecordMissing
from model_governance.evaluation.baselines import BASELINE_FILES
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.model_package import ModelPackage


@dataclass(frozen=True)
class Baseline:
    """A file that a version's traffic is held to.

    Attributes:
        name: Its place in ``DriftCheckBaselines``, such as ``ModelDataQuality.Statistics``.
        uri: Its address.
        sha256: Its digest by the ledger.
        content: Its bytes, which have that digest.
    """

    name: str
    uri: str
    sha256: str
    content: bytes


def registered_addresses(package: ModelPackage) -> dict[str, str]:
    """The addresses in a version's ``DriftCheckBaselines``, by their place there."""
    sections: Mapping[str, Any] = package.raw.get("DriftCheckBaselines") or {}
    found = {}
    for name in BASELINE_FILES:
        section, _, field = name.partition(".")
        uri = (sections.get(section) or {}).get(field, {}).get("S3Uri")
        if uri:
            found[name] = str(uri)
    return found


def read_baselines(artifacts: Artifacts, package: ModelPackage, evidence: Iterable[Evidence]) -> tuple[Baseline, ...]:
    """The registered baselines of a version, every one with the bytes that the ledger has on record.

    Args:
        artifacts: The object store.
        package: The version, as the registry says it is.
        evidence: What the ledger holds about it.

    Raises:
        ArtifactChanged: One has other bytes than were recorded, is gone, or is on no record: nothing is held to it.
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    recorded: dict[str, str] = {}
    for piece in evidence:
        recorded[piece.uri] = piece.sha256
        recorded |= {each.uri: each.sha256 for each in piece.attachments}
    found = []
    for name, uri in registered_addresses(package).items():
        if uri not in recorded:
            raise ArtifactChanged(f"baseline {name} of version {package.version}, {uri}, is on no record in the ledger")
        try:
            content = artifacts.get(uri, recorded[uri])
        except RecordMissing as missing:
            raise ArtifactChanged(
                f"baseline {name} of version {package.version}, {uri}, is gone; recorded is sha256 {recorded[uri]}"
            ) from missing
        found.append(Baseline(name, uri, recorded[uri], content))
    return tuple(found)
