"""Model quality of each group of each facet by itself; apart because a good mean can hide a group that is served badly.

A group that has fewer rows than the policy's minimum is reported with its numbers and their intervals, and marked as
not assessable, as is a single number that rests on fewer: they are no ground for a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.data import Facet
from model_governance.evaluation.bias.axes import facet_axis
from model_governance.evaluation.model_quality.grounds import NO_NUMBERS, marked

_SHOWN_METRICS = ("accuracy", "auc", "precision", "recall", "true_negative_rate", "weighted_f1", "mse", "mae", "r2")

Rows = NDArray[np.int64]
Measure = Callable[[Rows], dict[str, Any]]
"""The metrics of these rows, given as positions: int64, shape (n_group_rows,)."""


def measure_slices(
    facets: pd.DataFrame,
    declared: Iterable[Facet],
    measure: Measure,
    *,
    minimum_rows: int,
    asked: Collection[str] = (),
) -> list[dict[str, Any]]:
    """The metrics of each facet's groups.

    Args:
        facets: The facets' canonical cells, str, shape (n_rows, n_facets); "" = missing.
        declared: The facets.
        measure: Measures the rows of a group.
        minimum_rows: Below this many rows a group is not assessable.
        asked: Metrics that limits name; shown beside the usual ones.

    Returns:
        [{"facet", "groups": [{"group", "rows", "metrics", "not_assessable"?}]}], the largest group first.

    Raises:
        EvaluationRefused: A facet has too many values, or a threshold and a value that is no number.
    """
    sliced = []
    for facet in declared:
        groups = _groups(facets[facet.name_or_index], facet)
        codes, names = pd.factorize(groups)
        sizes = np.bincount(codes, minlength=len(names))
        order = sorted(range(len(names)), key=lambda code: (-int(sizes[code]), str(names[code])))
        entries = [
            _slice(str(names[code]), np.flatnonzero(codes == code), measure, minimum_rows, asked) for code in order
        ]
        sliced.append({"facet": facet.name_or_index, "groups": entries})
    return sliced


def _slice(name: str, rows: Rows, measure: Measure, minimum_rows: int, asked: Collection[str]) -> dict[str, Any]:
    found = marked(measure(rows), len(rows), minimum_rows)
    wanted = {*_SHOWN_METRICS, *asked} - {*NO_NUMBERS}
    metrics = {key: metric for key, metric in found.items() if key in wanted}
    entry: dict[str, Any] = {"group": name, "rows": len(rows), "metrics": metrics}
    if len(rows) < minimum_rows:
        entry["not_assessable"] = f"{len(rows)} rows are fewer than the policy's minimum of {minimum_rows}"
    return entry


def _groups(values: pd.Series[Any], facet: Facet) -> pd.Series[Any]:
    """Each row's group, by the names that the bias report has: the values compared, the rest, and ``missing``."""
    codes, distinct = pd.factorize(values)
    axis, places = facet_axis(facet, distinct.tolist())
    # A group of its own, whatever a value is called.
    absent = "missing" if "missing" not in axis.values else "(missing)"
    names = np.asarray([axis.values[place] or absent for place in places], dtype=object)
    return pd.Series(names[codes])
