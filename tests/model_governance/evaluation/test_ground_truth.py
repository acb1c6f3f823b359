"""Ground truth that comes late, in any order, corrected and broken: what is joined, and what is named instead."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model_governance.evaluation.production import START, WINDOW, capture_line, truth_line

from model_governance.domain.data import Label
from model_governance.evaluation.capture import read_capture
from model_governance.evaluation.ground_truth import TruthObject, join_truth, read_ground_truth
from model_governance.evaluation.truth_labels import learnt_truths


def truths(*lines, written=START, name="truth.jsonl"):
    return read_ground_truth([TruthObject(name, b"\n".join(lines), written)])


def joined(data, captured, *lines, **changes):
    declared = data(**changes)
    found = read_capture([("one", b"\n".join(captured))], declared, WINDOW)
    return join_truth(found, truths(*lines), declared)


def test_truth_is_joined_by_inference_id_where_there_is_one_and_by_event_id_elsewhere(data):
    requests = [
        capture_line("1,2", "0.5", event="e1", inferenceId="mine"),
        capture_line("3,4\n5,6", "0.5\n0.5", event="e2"),
    ]
    found = joined(
        data, requests, truth_line("mine", "1,0"), truth_line("e1", "0,0"), truth_line("e2", "0,1\n1,0"), b"{"
    )
    assert found.rows.tolist() == [0, 1, 2]
    assert found.labels.tolist() == [1, 0, 1]
    assert found.facets["white"].tolist() == ["0", "1", "0"]
    assert (found.coverage, found.unmatched, found.refused.count) == (1.0, 1, 0)


def test_of_several_the_latest_written_wins_in_whatever_order_they_come():
    objects = [
        TruthObject("b", truth_line("e", "1"), START),
        TruthObject("a", truth_line("e", "2") + b"\n" + truth_line("e", "3"), START + timedelta(hours=1)),
        TruthObject("c", truth_line("e", "4"), START + timedelta(minutes=1)),
        TruthObject("z", b"broken\n" + truth_line("e", ""), START + timedelta(hours=9)),
    ]
    for order in (objects, objects[::-1]):
        found = read_ground_truth(order)
        assert found.rows == {"e": "3"}
        assert (found.lines, found.corrected, found.bad.count) == (6, 3, 2)


def test_what_cannot_be_used_is_named_and_not_joined(data):
    requests = [capture_line("1,2\n3,4", "0.5\n0.5", event="two")]
    requests += [capture_line("1,2", "0.5", event=f"e{number}", inferenceId="same") for number in range(2)]
    requests += [capture_line("1,2", "0.5", event=name) for name in ("wide", "text", "empty", "fine")]
    lines = [truth_line("two", "1"), truth_line("same", "1"), truth_line("wide", "1,0,0,0"), truth_line("text", "?")]
    lines += [truth_line("empty", ",0"), truth_line("fine", "0")]
    found = joined(data, requests, *lines)
    assert found.labels.tolist() == [0]
    assert found.refused.by_reason == {
        "has another number of columns": 1,
        "has another number of rows than its request": 1,
        "has no label": 1,
        "is no label of the use case": 1,
        "several requests bear the id": 2,
    }
    assert "truth of 'two': has another number of rows than its request: 1 rows of truth, 2 captured" in (
        found.refused.shown
    )


def test_no_truth_and_no_traffic_join_to_nothing(data):
    assert joined(data, [capture_line("1,2", "0.5")]).coverage == 0
    nothing = joined(data, [], truth_line("e", "1"))
    assert (nothing.coverage, nothing.unmatched, len(nothing.rows)) == (0, 1, 0)


def test_facets_and_groups_that_are_features_are_taken_from_what_the_model_read(data):
    facet = {"name_or_index": "income", "value_or_threshold": [2], "threshold": True, "is_feature": True}
    found = joined(
        data, [capture_line("1,2\n3,x", "0.5\n0.5")], truth_line("e", "1\n0"), facets=[facet], group_variable="debt"
    )
    assert found.facets.to_dict("list") == {"income": ["1", "3"], "debt": ["2", "x"]}


def test_a_group_variable_that_is_no_feature_comes_after_the_facets(data):
    found = joined(data, [capture_line("1,2", "0.5")], truth_line("e", "1,0,north"), group_variable="area")
    assert found.facets.to_dict("list") == {"white": ["0"], "area": ["north"]}
    bare = joined(data, [capture_line("1,2", "0.5")], truth_line("e", "1"), group_variable="area")
    assert list(bare.facets.columns) == []


WORDS = Label(column="y", positive="yes")
DIGITS = Label(column="y", positive=2)
CLASSES = Label(column="y", positive="c", classes=("a", "b", "c"))
NUMBERED = Label(column="y", positive=3, classes=(1, 2, 3))
NUMBER = Label(column="y", positive=3, threshold=True)
NAN = math.nan


@pytest.mark.parametrize(
    ("label", "cells", "learnt"),
    [
        (WORDS, ["yes", "no", "1", "0", "no", "??"], [1, 0, 1, 0, 0, NAN]),
        (WORDS, ["yes", None], [1, NAN]),
        (DIGITS, ["2", "1", "1", "2.0", "0", "no"], [1, 0, 0, 1, NAN, NAN]),
        (CLASSES, ["a", "c", "1", "d", "3"], [0, 2, 1, NAN, NAN]),
        (NUMBERED, ["1", "3", "0", "x"], [0, 2, NAN, NAN]),
        (NUMBER, ["1", "-2.5", "x", "inf"], [1, -2.5, NAN, NAN]),
    ],
)
def test_labels_are_read_in_the_datas_words_or_as_learnt(label, cells, learnt):
    found, refused = learnt_truths(pd.Series(cells, dtype=object), label)
    np.testing.assert_array_equal(found, learnt)
    assert [place for place, _ in refused] == [place for place, one in enumerate(learnt) if math.isnan(one)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=12), st.randoms())
def test_the_order_of_objects_changes_nothing(written, random):
    objects = [
        TruthObject(f"o{place}", truth_line(f"e{place % 2}", str(value)), START + timedelta(minutes=minute))
        for place, (minute, value) in enumerate(written)
    ]
    mixed = list(objects)
    random.shuffle(mixed)
    first, second = read_ground_truth(objects), read_ground_truth(mixed)
    assert (first.rows, first.corrected) == (second.rows, second.corrected)
