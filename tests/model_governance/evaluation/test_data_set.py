"""Reading a data set: what is refused, and that what is read has one spelling."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_governance.domain.cells import canonical_cell
from model_governance.errors import DataRefused
from model_governance.evaluation.data_set import read_data_set, read_table

LOANS = b"income,debt,white,approve\n10,1.50,1,1\n20,,0,0\n30,2,,1\n"


def test_a_data_set_is_named_by_the_sha256_of_its_bytes(data):
    data_set = read_data_set(LOANS, data())
    assert data_set.sha256 == hashlib.sha256(LOANS).hexdigest()
    assert data_set.content == LOANS
    assert data_set.row_count == 3


def test_columns_get_their_type_from_all_their_cells(data):
    frame = read_data_set(b"income,debt,white,approve,town\n10,1.50,1,1,Ayer\n20,,0,0,\n", data()).frame
    assert frame["income"].dtype == np.int64
    assert frame["debt"].tolist()[0] == 1.5
    assert np.isnan(frame["debt"].tolist()[1])
    assert frame["town"].tolist() == ["Ayer", None]


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(data):
    marked = b"\xef\xbb\xbf" + LOANS.replace(b"\n", b"\r\n")
    pd.testing.assert_frame_equal(read_data_set(marked, data()).frame, read_data_set(LOANS, data()).frame)


def test_another_separator_is_taken_from_the_declaration(data):
    read = read_data_set(LOANS.replace(b",", b";"), data(separator=";"))
    assert list(read.frame.columns) == ["income", "debt", "white", "approve"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: 0 bytes"),
        (b" \n\n", "is empty"),
        (b"income,debt,white,approve\n", "a header of 4 columns and no rows"),
        (b"income,debt,approve\n1,2,1\n", "1 declared columns are missing: white"),
        (b"income,debt,white,approve\n1,2,3,\xff\n", "not UTF-8: byte 32 is 0xff"),
        (b"income,debt,white,approve\n1,2,1,1\n1,2,1\n", "line 3 has 3 fields where the header has 4"),
        (b"income,debt,white,approve\n1,2,1,1,9\n", "line 2 has 5 fields where the header has 4"),
        (b"income,debt,white,income,approve\n1,2,1,1,1\n", "the header repeats 'income'"),
        (b",income,debt,white,approve\n0,1,2,1,1\n", "column 1 has no name in the header; was a row index written"),
        (
            b"income,debt,white,approve\n1,2,1,1\n1,2,1,\n1,2,1,NA\n",
            "2 of 3 rows have no label in 'approve': rows 2, 3",
        ),
        (b'income,debt,white,approve\n1,2,1,"1\n', "is not CSV"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(data, content, said):
    with pytest.raises(DataRefused) as refusal:
        read_data_set(content, data())
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("1.0", "1"),
        ("1e0", "1"),
        (" 1 ", "1"),
        ("-0.0", "0"),
        ("0.10", "0.1"),
        ("NA", ""),
        ("nan", ""),
        ("None", "None"),
        ("1_000", "1_000"),
        ("inf", "inf"),
        ("1e999", "1e999"),
        ("Ayer ", "Ayer"),
        ("-", "-"),
        ("9007199254740993", "9007199254740992.0"),
    ],
)
def test_a_cell_has_one_spelling(text, spelling):
    assert canonical_cell(text) == spelling


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_itself(number):
    assert float(canonical_cell(repr(number))) == number


@given(st.text())
def test_spelling_a_cell_twice_changes_nothing(text):
    assert canonical_cell(canonical_cell(text)) == canonical_cell(text)


@pytest.mark.parametrize("separator", ["", "\\t", "ab", '"', "\n", "\r"])
def test_what_cannot_separate_fields_is_refused(separator):
    with pytest.raises(DataRefused, match="separator"):
        read_table(b"a,b\n1,2\n", separator)
