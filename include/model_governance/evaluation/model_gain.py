"""What the splits of a trained tree model gained by each feature, read from its file; apart as it knows XGBoost's form.

Nothing of the model is run: the archive is untrusted, and its JSON is only read. A model of another kind has no gain.
Source of the form: XGBoost documentation, "Introduction to Model IO" and its JSON schema.
"""

from __future__ import annotations

import io
import json
import math
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from model_governance.evaluation.report import Assessment

LARGEST_MODEL = 256 * 2**20
"""Bytes of a model file that are read; a larger one has no gain."""
_LEAF = -1


def read_gain(archive: bytes) -> dict[str, float]:
    """The share of the splits' total gain by each feature, in [0, 1], the greatest first; equal ones by name.

    Args:
        archive: The bytes of model.tar.gz, which ``stages.training`` has found to be an archive.

    Returns:
        By feature, those without a split included with 0; empty where the archive holds no tree model of XGBoost's in
        JSON, or one that names no features or has no split.
    """
    try:
        return _gains(archive)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError):
        return {}  # a file that is no model of XGBoost's in full, whatever it begins like


def _gains(archive: bytes) -> dict[str, float]:
    gains: dict[str, float] = {}
    for learner in _learners(archive):
        names = learner.get("feature_names") or []
        for tree in learner["gradient_booster"]["model"]["trees"]:
            for feature, gain, left in zip(
                tree["split_indices"], tree["loss_changes"], tree["left_children"], strict=True
            ):
                if left != _LEAF and feature < len(names):
                    gains[names[feature]] = gains.get(names[feature], 0.0) + float(gain)
        gains = {**dict.fromkeys(names, 0.0), **gains}
    total = sum(gains.values())
    shares = {name: gain / total for name, gain in gains.items()} if 0 < total < math.inf else {}
    return dict(sorted(shares.items(), key=lambda one: (-one[1], one[0])))


def with_gain(assessment: Assessment, gain: dict[str, float]) -> Assessment:
    """An assessment of model quality with the gain in its report, where there is one."""
    if not gain:
        return assessment
    shares = [{"name": name, "value": share} for name, share in gain.items()]
    return replace(assessment, report={**assessment.report, "feature_gain": shares})


def _learners(archive: bytes) -> Iterator[dict[str, Any]]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as members:
        for member in members:
            if not (member.isfile() and member.name.endswith(".json") and member.size <= LARGEST_MODEL):
                continue
            file = members.extractfile(member)
            try:
                model: Any = json.loads(file.read()) if file else None
                learner = model["learner"]
                learner["gradient_booster"]["model"]["trees"]
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
            yield learner
            return
