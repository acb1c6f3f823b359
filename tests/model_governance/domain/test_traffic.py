"""Declared traffic: which rows are drawn, how they drift, and what is told of them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from model_governance.domain.data import Label
from model_governance.domain.traffic import (
    Phase,
    Shift,
    Traffic,
    drawn_rows,
    drifted_data,
    own_word,
    truth_key,
    truth_line,
)
from model_governance.errors import UseCaseInvalid

HELD_OUT = [((str(n), "red, blue" if n % 2 else ""), ("1", str(n))) for n in range(10)]
NAMES = (("age", "colour"), ("y", "age"))


def drawn(phase: Phase = Phase.AS_IT_WAS, **declared: Any) -> list[str]:
    return [row.features for row in drawn_rows(HELD_OUT, NAMES, Traffic(**declared), phase)]


def test_same_seed_draws_the_same_rows_and_another_seed_others() -> None:
    assert drawn(rows=7, seed=1) == drawn(rows=7, seed=1)
    assert drawn(rows=7, seed=1) != drawn(rows=7, seed=2)
    assert drawn(rows=7, seed=1) != drawn(Phase.DRIFTED, rows=7, seed=1)


def test_no_row_is_sent_twice_as_long_as_there_are_enough() -> None:
    assert len(set(drawn(rows=10))) == 10
    assert set(Counter(drawn(rows=30)).values()) == {3}
    assert len(drawn(rows=25)) == 25


def test_traffic_drifts_in_its_second_phase_alone_as_feature_and_as_facet() -> None:
    traffic = Traffic(rows=10, shift=(Shift(column="age", add=100.5), Shift(column="colour", set="green")))
    before, after = (drawn_rows(HELD_OUT, NAMES, traffic, phase) for phase in (Phase.AS_IT_WAS, Phase.DRIFTED))
    assert {row.features for row in before} == {f'{n},"red, blue"' if n % 2 else f"{n}," for n in range(10)}
    assert {row.features for row in after} == {f"{n + 100.5},green" for n in range(10)}
    assert {row.truth for row in after} == {f"1,{n + 100.5}" for n in range(10)}


@pytest.mark.parametrize(
    ("shift", "cell", "shifted"),
    [
        ({"add": 2}, "3", "5"),
        ({"add": 0.5}, "3", "3.5"),
        ({"multiply": 0.1}, "3", "0.3"),
        ({"multiply": 0}, "3", "0"),
        ({"multiply": 2}, "", ""),
        ({"set": 0}, "", "0"),
        ({"set": "telephone"}, "cellular", "telephone"),
    ],
)
def test_shift_makes_one_cell_of_another(shift: dict[str, Any], cell: str, shifted: str) -> None:
    assert Shift(column="x", **shift).of(cell) == shifted


def test_number_cannot_be_made_of_a_word() -> None:
    with pytest.raises(UseCaseInvalid, match=r"shift of 'x': 'red' is no number; a value of words can only be set"):
        Shift(column="x", add=1).of("red")


@pytest.mark.parametrize("given", [{}, {"add": 1, "multiply": 2}])
def test_shift_does_exactly_one_thing(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="one of add, multiply and set"):
        Shift(column="x", **given)


def test_column_is_shifted_once() -> None:
    with pytest.raises(ValidationError, match="a column is shifted once"):
        Traffic(shift=(Shift(column="x", add=1), Shift(column="x", add=2)))


@pytest.mark.parametrize(
    ("label", "learnt", "word"),
    [
        (Label(column="y", positive=1), "1", "1"),
        (Label(column="y", positive=1), "0", "0"),
        (Label(column="y", positive=0), "1", "0"),
        (Label(column="y", positive=0), "0", "1"),
        (Label(column="y", positive=2), "1", "2"),
        (Label(column="y", positive="yes"), "1", "1"),
        (Label(column="y", positive=9, threshold=True), "12", "12"),
        (Label(column="y", positive=("b",), classes=("a", "b")), "1", "b"),
    ],
)
def test_truth_is_told_in_the_data_s_own_words(label: Label, learnt: str, word: str) -> None:
    assert own_word(learnt, label) == word


def test_truth_lies_under_the_hour_and_bears_the_request_s_id() -> None:
    assert (
        truth_key("case", datetime(2026, 3, 1, 7, 59, tzinfo=UTC), "n")
        == "use-cases/case/ground-truth/2026/03/01/07/n.jsonl"
    )
    line = truth_line("id-1", "1,0")
    assert line.endswith(b"\n")
    assert json.loads(line) == {
        "groundTruthData": {"data": "1,0", "encoding": "CSV"},
        "eventMetadata": {"eventId": "id-1"},
        "eventVersion": "0",
    }


def test_a_data_set_is_as_it_is_after_the_shift_with_what_came_true_as_it_was() -> None:
    shifts = (Shift(column="age", add=50, at_most=60), Shift(column="no_such", set=1), Shift(column="name", set="a, b"))
    content = b'age,name,y\n30,"c, d",1\n,e,0\n5.5,f,1\n'
    assert drifted_data(content, Traffic(shift=shifts)) == b'age,name,y\n60,"a, b",1\n,"a, b",0\n55.5,"a, b",1\n'
    assert drifted_data(b"age;y\n1;0\n", Traffic(shift=shifts[:1]), ";") == b"age;y\n51;0\n"


def test_the_phase_after_a_replacement_is_not_shifted_once_more() -> None:
    traffic = Traffic(rows=4, shift=(Shift(column="age", add=1000),))
    sent = {row.features for row in drawn_rows(HELD_OUT, NAMES, traffic, Phase.AS_IT_IS_NOW)}
    assert sent <= {row.features for row in drawn_rows(HELD_OUT, NAMES, Traffic(rows=len(HELD_OUT)), Phase.AS_IT_WAS)}
