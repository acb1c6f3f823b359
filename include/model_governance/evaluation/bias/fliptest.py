"""Would a row of group d be decided otherwise if it were its neighbour in group a? Apart: it alone looks at features.

For each row of d the nearest rows of a, by Euclidean distance over standardized features, vote on its prediction: five
of them, or one where a has fewer than ten rows. smclarify does the same on the features as they come, where the column
with the largest unit decides alone; standardized features are equal to it where they have been standardized before.
Numbers that are missing take the column's median; a text column becomes one column a value, at most 50 of them. Rows
are put in an order of their own content first, so that the order in which they arrived changes nothing. Beyond 20,000
rows of d and 100,000 of a, a sample is looked at, drawn with the seed; it is said in the finding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.bias.cube import Comparison, Cube, Flips

NEIGHBOURS = 5
FEWEST_FOR_NEIGHBOURS = 10
MOST_OF_D = 20_000
MOST_OF_A = 100_000
MOST_VALUES_OF_TEXT = 50


def standardize(features: pd.DataFrame) -> NDArray[np.float64]:
    """Features as numbers that compare: mean 0 and standard deviation 1 in each column that varies.

    Args:
        features: Numbers or text, shape (n_rows, n_features); NaN, None and "" are missing.

    Returns:
        float64, shape (n_rows, n_columns); a column that never varies is left out.

    Raises:
        EvaluationRefused: For a text column of more than 50 values, and where no column varies.
    """
    columns = [column for name in features.columns for column in _numbers(features[name])]
    varying = [column for column in columns if column.std() > 0]
    if not varying:
        raise EvaluationRefused(f"no feature varies over the {len(features)} rows: there are no neighbours to look for")
    matrix = np.stack(varying, axis=1)
    standardized: NDArray[np.float64] = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    return standardized


def flip(
    features: NDArray[np.float64],
    predicted: NDArray[np.bool_],
    in_a: NDArray[np.bool_],
    in_d: NDArray[np.bool_],
    seed: int,
) -> Flips:
    """The fliptest of one comparison.

    Args:
        features: float64, shape (n_rows, n_columns), as ``standardize`` gives them.
        predicted: bool, shape (n_rows,): predicted positive.
        in_a: bool, shape (n_rows,): rows of group a, at least one.
        in_d: bool, shape (n_rows,): rows of group d, at least one.
        seed: Of the sample, where one is drawn.

    Raises:
        EvaluationRefused: If a group has no rows or shapes differ.
    """
    shapes = {len(features), len(predicted), len(in_a), len(in_d)}
    if len(shapes) != 1:
        raise EvaluationRefused(f"fliptest: features, predictions and groups have {sorted(shapes)} rows")
    if not in_a.any() or not in_d.any():
        raise EvaluationRefused(f"fliptest: {int(in_a.sum())} rows in a and {int(in_d.sum())} in d; both need some")
    from sklearn.neighbors import NearestNeighbors

    random = np.random.default_rng(seed)
    known, votes = _take(features[in_a], predicted[in_a], MOST_OF_A, random)
    asked, decided = _take(features[in_d], predicted[in_d], MOST_OF_D, random)
    k = NEIGHBOURS if len(known) >= FEWEST_FOR_NEIGHBOURS else 1
    nearest = NearestNeighbors(n_neighbors=k).fit(known)
    as_a = votes[nearest.kneighbors(asked, return_distance=False)].mean(axis=1) > 0.5
    sample = "" if len(known) == in_a.sum() and len(asked) == in_d.sum() else f", a sample drawn with seed {seed}"
    return Flips(
        gained=int((as_a & ~decided).sum()),
        lost=int((~as_a & decided).sum()),
        rows=len(asked),
        detail=f"{k} nearest of {len(known)} rows of a for {len(asked)} rows of d, {features.shape[1]} columns{sample}",
    )


def flip_each(
    cube: Cube, places: NDArray[np.int64], features: NDArray[np.float64], predicted: NDArray[np.bool_], seed: int
) -> tuple[Comparison, ...]:
    """The cube's comparisons with what the fliptest finds in each; without, where a group is empty.

    Args:
        cube: The counts of one facet.
        places: int64, shape (n_rows,): each row's place on the facet's axis; the last is for rows that do not say.
        features: As in ``flip``.
        predicted: As in ``flip``.
        seed: As in ``flip``.
    """
    says = places < len(cube.facet.values) - 1
    found = []
    for place, comparison in zip(cube.facet.compared, cube.comparisons, strict=True):
        in_d = places == place
        if in_d.any() and (says & ~in_d).any():
            found.append(comparison.with_flips(flip(features, predicted, says & ~in_d, in_d, seed)))
        else:
            found.append(comparison)
    return tuple(found)


def _take(
    features: NDArray[np.float64], predicted: NDArray[np.bool_], most: int, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The rows in an order of their own, or a sample of them."""
    order = np.lexsort((predicted, *features.T))
    if len(order) > most:
        order = order[np.sort(random.choice(len(order), most, replace=False))]
    return features[order], predicted[order]


def _numbers(column: pd.Series[Any]) -> list[NDArray[np.float64]]:
    present = column.notna() & (column != "")
    numbers = pd.to_numeric(column.where(present), errors="coerce").astype("float64")
    numbers = numbers.where(np.isfinite(numbers))  # "inf" is text here, as it is to the rest of the evaluation
    if bool((numbers.notna() == present).all()):
        return [numbers.fillna(numbers.median()).to_numpy()] if present.any() else []
    values = sorted(set(column[present].astype(str)))
    if len(values) > MOST_VALUES_OF_TEXT:
        raise EvaluationRefused(
            f"feature {column.name!r} is text of {len(values)} values, more than {MOST_VALUES_OF_TEXT}: no distance "
            "between rows can be told from it"
        )
    return [(column.astype(str) == value).to_numpy().astype(np.float64) for value in values]
