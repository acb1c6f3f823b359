"""How much each feature alone says of the label, before any model; apart because it judges nothing and trains nothing.

The measure is the share of the label's entropy that knowing the feature takes away: mutual information over the
label's entropy, in [0, 1], 0 = says nothing, 1 = says all. It needs no model and no seed, takes numbers and text alike,
and sees what is not linear; what two features say only together is for the model's own attributions to show.

Numbers of at most ``BINS`` values have a bin each; others are put into ``BINS`` bins of equal count, of which a value
that fills one has that for itself; text into its ``MOST_CATEGORIES`` most frequent values and
the rest, and missing values into a bin of their own. The estimate is corrected for what chance gives to many bins.
Sources: Cover and Thomas, Elements of Information Theory, chapter 2; Miller, Note on the bias of information estimates
(1955), for the correction.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.errors import EvaluationRefused

BINS = 10
MOST_CATEGORIES = 20

Codes = NDArray[np.int64]


def measure_feature_importance(features: pd.DataFrame, labels: pd.Series[Any]) -> dict[str, float]:
    """The importance of each feature, in [0, 1], the greatest first; equal ones by name.

    Args:
        features: Shape (n_rows, n_features); numbers or text, None or NaN for missing.
        labels: Shape (n_rows,), none missing; classes, or numbers of which many differ.

    Returns:
        By feature. A constant feature has 0; so have all where the label is constant.

    Raises:
        EvaluationRefused: If there are no rows, or not one label a row.
    """
    if len(features) != len(labels) or not len(labels):
        raise EvaluationRefused(f"{len(labels)} labels for {len(features)} rows; importance needs one a row, and rows")
    label = _binned(labels)
    found = {str(name): _explained(_binned(features[name]), label) for name in features.columns}
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _explained(feature: Codes, label: Codes) -> float:
    table = np.zeros((int(feature.max()) + 1, int(label.max()) + 1))
    np.add.at(table, (feature, label), 1)
    table = table[table.any(axis=1)][:, table.any(axis=0)]
    rows = table.sum()
    chance = (table.shape[0] - 1) * (table.shape[1] - 1) / (2 * rows)
    entropy = _entropy(table.sum(axis=0))
    if not entropy:
        return 0.0
    shared = _entropy(table.sum(axis=1)) + entropy - _entropy(table.ravel())
    return float(np.clip((shared - chance) / entropy, 0.0, 1.0))


def _entropy(counts: NDArray[np.float64]) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-np.sum(shares * np.log(shares)))


def _binned(column: pd.Series[Any]) -> Codes:
    """The bin of each row, int64, shape (n_rows,), from 0; missing values in bin 0."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        text = column.where(column.isna(), column.astype(str))
        frequent = text.value_counts().sort_index().sort_values(ascending=False, kind="stable").index[:MOST_CATEGORIES]
        places = pd.Index(frequent).get_indexer(pd.Index(text))
        return np.asarray(np.where(text.isna(), 0, np.where(places < 0, len(frequent) + 1, places + 1)), dtype=np.int64)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    present = np.sort(values[~np.isnan(values)])
    if not len(present):
        return np.zeros(len(values), dtype=np.int64)
    edges = _edges(present)
    return np.asarray(np.where(np.isnan(values), 0, 1 + np.searchsorted(edges, values, side="right")), dtype=np.int64)


def _edges(present: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where bins start, of sorted values: a rare value, such as a label of one row in a hundred, is not lost."""
    distinct = np.unique(present)
    if len(distinct) <= BINS:
        return distinct
    starts = present[(len(present) * np.arange(1, BINS)) // BINS]
    edges, often = np.unique(starts, return_counts=True)
    heavy = edges[(often > 1) | (edges == present[0])]
    return np.union1d(edges, np.nextafter(heavy, np.inf))
