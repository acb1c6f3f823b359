"""The split: equal rows stay together, whatever their spelling; the same content gives the same bytes."""

from __future__ import annotations

import csv
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_governance.domain.data import Data
from model_governance.errors import DataRefused
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.predictions import read_holdout_labels
from model_governance.evaluation.split import split_data_set

HEADER = "id,income,debt,white,approve\n"


def loans(rows: int, *, distinct: int | None = None) -> str:
    draw = random.Random(1)
    made = [f"{draw.randrange(10**6)},{draw.random()}" for _ in range(distinct or rows)]
    return "".join(f"{n},{made[n % len(made)]},{n % 2},{(n // 2) % 2}\n" for n in range(rows))


def split(body: str, declared: Data):
    return split_data_set(read_data_set((HEADER + body).encode(), declared), declared)


def rows_of(content: bytes, *, skip_fields: int = 0, header: bool = False) -> list[tuple[str, ...]]:
    rows = list(csv.reader(io.StringIO(content.decode())))[1 if header else 0 :]
    return [tuple(row[skip_fields:]) for row in rows]


def test_each_file_has_the_form_that_its_job_reads(data):
    declared = data()
    files = split(loans(40), declared)
    assert files.train.startswith(b"approve,income,debt\n")
    assert files.holdout_labels.startswith(b"approve,white\n")
    assert all(len(row) == 2 for row in rows_of(files.holdout))
    held_out, labels = rows_of(files.holdout), rows_of(files.holdout_labels, header=True)
    assert len(held_out) == len(labels) == files.proof["holdout"]["rows"]
    assert len(rows_of(files.train, header=True)) + len(held_out) == 40


def test_features_come_in_declared_order_and_rows_keep_theirs(data):
    body = loans(40)
    declared = data(features=["debt", "income"])
    files = split(body, declared)
    source = [row.split(",") for row in body.splitlines()]
    held_out = rows_of(files.holdout)
    positions = [next(n for n, row in enumerate(source) if row[1] == income) for _, income in held_out]
    assert positions == sorted(positions)
    expected = [(source[n][4], source[n][3]) for n in positions]
    assert rows_of(files.holdout_labels, header=True) == expected


def test_rows_that_look_equal_to_the_model_stand_on_one_side(data):
    files = split(loans(200, distinct=50), data())
    trained, held_out = rows_of(files.train, skip_fields=1, header=True), rows_of(files.holdout)
    assert len(trained) + len(held_out) == 200
    assert not set(trained) & set(held_out)
    assert files.proof["rows_on_both_sides"] == 0
    assert files.proof["train"]["distinct_rows"] + files.proof["holdout"]["distinct_rows"] == 50


def test_equal_numbers_in_another_spelling_stand_on_one_side(data):
    other = "".join(f"{n},{n}.0,{n}e0,1,{n % 2}\n" for n in range(60))
    files = split("".join(f"{n},{n},{n},0,{n % 2}\n" for n in range(60)) + other, data())
    assert not set(rows_of(files.train, skip_fields=1, header=True)) & set(rows_of(files.holdout))
    assert files.proof["train"]["rows"] == 2 * files.proof["train"]["distinct_rows"]


def test_the_same_data_gives_the_same_bytes_and_another_seed_gives_others(data):
    first, again = split(loans(60), data()), split(loans(60), data())
    assert first == again
    other = split(loans(60), data(split={"seed": 8, "holdout_fraction": 0.4}))
    assert other.holdout != first.holdout


def test_a_row_stays_on_its_side_when_others_come_and_go(data):
    body = loans(80)
    whole = split(body, data())
    part = split("".join(f"{line}\n" for line in body.splitlines()[::2]), data())
    assert set(rows_of(part.holdout)) <= set(rows_of(whole.holdout))
    assert set(rows_of(part.train, skip_fields=1, header=True)) <= set(rows_of(whole.train, skip_fields=1, header=True))


def test_the_order_of_columns_does_not_move_a_row(data):
    assert set(rows_of(split(loans(60), data()).holdout)) == {
        (income, debt) for debt, income in rows_of(split(loans(60), data(features=["debt", "income"])).holdout)
    }


def test_a_text_label_is_written_as_one_and_zero(data):
    body = "".join(f"{n},{n},{n},1,{'yes' if n % 2 else 'no'}\n" for n in range(40))
    files = split(body, data(label={"column": "approve", "positive": "yes"}))
    assert all(label == str(int(income) % 2) for label, income, _ in rows_of(files.train, header=True))
    assert {label for label, _ in rows_of(files.holdout_labels, header=True)} == {"0", "1"}


def test_too_few_rows_are_refused_with_their_number(data):
    with pytest.raises(DataRefused, match=r"the (training|held-out) side of the split has \d rows.*bring more rows"):
        split("1,1,1,1,1\n2,2,2,0,0\n", data())


def test_a_side_with_one_label_is_refused(data):
    body = "".join(f"{n},1,1,1,0\n" for n in range(30)) + "31,2,2,1,1\n"
    with pytest.raises(DataRefused, match="it needs both labels"):
        split(body, data())


cells = st.sampled_from(["0", "1", "1.0", "01", "a", " a", "", "NA", 'x"y', "p,q", "\x1f"])


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(cells, cells), min_size=20, max_size=60))
def test_no_table_puts_equal_features_on_both_sides(rows):
    declared = Data.model_validate(
        {
            "source": "s3://landing/a.csv",
            "label": {"column": "y", "positive": 1},
            "features": ["p", "q"],
            "facets": [{"name_or_index": "f", "value_or_threshold": [0]}],
            "split": {"seed": 3, "holdout_fraction": 0.5},
            "expectations": [{"type": "expect_column_to_exist"}],
        }
    )
    written = io.StringIO()
    csv.writer(written).writerows([("p", "q", "f", "y"), *((*row, n % 2, n % 2) for n, row in enumerate(rows))])
    try:
        files = split_data_set(read_data_set(written.getvalue().encode(), declared), declared)
    except DataRefused as refusal:
        assert "needs both labels" in str(refusal)
        return
    assert not set(rows_of(files.train, skip_fields=1, header=True)) & set(rows_of(files.holdout))


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"])
def test_a_line_break_in_a_feature_is_refused_with_its_place(line_break, data):
    body = "".join(f'{n},"a{line_break}{n}",{n},1,{n % 2}\n' for n in range(40))
    with pytest.raises(DataRefused, match="feature 'income' holds a line break in 40 rows, the first is row 1"):
        split(body, data())


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"])
def test_a_line_break_elsewhere_moves_no_row(line_break, data):
    name = f"de{line_break}bt"
    header = f'id,income,"{name}",white,approve\n'
    body = "".join(f'{n},{n},{n},"w{line_break}{n % 2}",{n % 2}\n' for n in range(40))
    declared = data(features=["income", name], facets=[{"name_or_index": "white"}])
    files = split_data_set(read_data_set((header + body).encode(), declared), declared)
    assert files.proof["train"]["rows"] + files.proof["holdout"]["rows"] == 40
    assert set(read_holdout_labels(files.holdout_labels, declared).facets["white"]) <= {
        f"w{line_break}0",
        f"w{line_break}1",
    }
