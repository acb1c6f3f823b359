"""Values that smclarify 0.5 gave for the same rows; recorded, so that no default test needs it.

Made once in an environment with smclarify 0.5, pandas 3.1 and scikit-learn 1.9 alone: the rows of ``ROWS`` as Series,
each function of ``smclarify.bias.metrics`` called through ``call_metric`` with the label as a boolean, the features
standardized before (smclarify does not).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from model_governance.domain.data import Facet, Label
from model_governance.evaluation.bias.fliptest import flip_each, standardize
from model_governance.evaluation.bias.metric import Rules
from model_governance.evaluation.bias.post_training import POST_TRAINING
from model_governance.evaluation.bias.pre_training import PRE_TRAINING
from model_governance.evaluation.bias.rows import binary_labels, count_rows, facet_places, read_labels

PLACES = np.arange(120)
IN_D = (PLACES * 7) % 11 < 4
LABELS = (PLACES * 5) % 13 < 6
PREDICTED = LABELS ^ ((PLACES * 3) % 17 < 4)
GROUPS = pd.Series((PLACES * 2) % 5, name="area")
FEATURES = pd.DataFrame({"x": (PLACES * 0.6180339887) % 1.0, "z": (PLACES * 0.4142135624) % 1.0})
CATEGORIES = pd.Series(np.array(["x", "y", "z"])[(PLACES * PLACES) % 3 + (PLACES % 4 == 0)])
FACET = Facet(name_or_index="d", value_or_threshold=("True",))

SMCLARIFY = {
    "CI": 0.26666666666666666,
    "DPL": -0.08851674641148322,
    "KL": 0.01570077462466564,
    "JS": 0.003930074942529997,
    "LP": 0.12518158327225956,
    "TVD": 0.08851674641148322,
    "KS": 0.08851674641148322,
    "CDDL": -0.08809523809523807,
    "DPPL": -0.08492822966507174,
    "DI": 1.1844155844155844,
    "DCA": -0.015476190476190532,
    "DCR": 0.0012195121951219523,
    "RD": -0.09881422924901184,
    "SD": 0.017718715393133966,
    "DAR": -0.10595238095238091,
    "DRR": 0.019512195121951237,
    "AD": -0.05861244019138756,
    "CDDPL": -0.0837429237429237,
    "TE": -0.018181818181818188,
    "FT": 0.045454545454545456,
    "GE": 0.11471346420781287,
}
OF_CATEGORIES = {
    "KL": 0.014896505501223272,
    "JS": 0.003594962061731011,
    "LP": 0.0895133346118168,
    "TVD": 0.07177033492822969,
    "KS": 0.07177033492822968,
}
METRICS = {metric.short_name: metric for metric in (*PRE_TRAINING, *POST_TRAINING)}


@pytest.mark.parametrize("name", SMCLARIFY)
def test_values_are_those_of_smclarify(name):
    facet = pd.Series(IN_D)
    cube = count_rows(facet, FACET, binary_labels(LABELS, Label(column="y", positive=1)), PREDICTED, GROUPS)
    (compared,) = flip_each(cube, facet_places(facet, FACET), standardize(FEATURES), PREDICTED, 7)
    sign = -1 if name == "FT" else 1  # the Developer Guide counts a gain as positive, smclarify as negative
    assert METRICS[name].assess(compared, Rules()).value == pytest.approx(sign * SMCLARIFY[name], abs=1e-12)


@pytest.mark.parametrize("name", OF_CATEGORIES)
def test_categories_that_both_groups_have_are_those_of_smclarify_by_category(name):
    labels = read_labels(CATEGORIES, Label(column="y", positive=("x",)))
    (compared,) = count_rows(pd.Series(IN_D), FACET, labels).comparisons
    assert METRICS[name].assess(compared, Rules()).value == pytest.approx(OF_CATEGORIES[name], abs=1e-12)
