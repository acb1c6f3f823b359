"""Captured lines, good and hostile: each ends in one place; the columns are the same however objects were cut."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model_governance.evaluation.production import START, WINDOW, capture_line

from model_governance.domain.cells import canonical_cell, finite_number
from model_governance.evaluation.capture import MOST_SHOWN, read_capture
from model_governance.evaluation.cell_columns import CellColumns, read_column

CLASSES = {"label": {"column": "approve", "positive": "a", "classes": ["a", "b", "c"]}}


def read(data, *lines, **changes):
    return read_capture([("one.jsonl", b"\n".join(lines))], data(**changes), WINDOW)


def encoded(line: bytes, **changes):
    """The line with parts of its two sides replaced: input__encoding="JSON"."""
    found = json.loads(line)
    for name, value in changes.items():
        side, field = name.split("__")
        found["captureData"][f"endpoint{side.capitalize()}"][field] = value
    return json.dumps(found).encode()


def test_rows_of_several_requests_stand_in_columns(data):
    found = read(
        data,
        capture_line("1,2\n3,4", "0.25\n0.5", event="e1", inferenceId="mine"),
        capture_line("5.5,x", "1", event="e2", time=START + timedelta(minutes=59)),
    )
    assert (found.lines, found.request_count, found.row_count, found.bad.count) == (2, 2, 3, 0)
    assert found.features["income"].tolist() == [1, 3, 5.5]
    assert found.features["debt"].tolist() == ["2", "4", "x"]
    assert found.predictions.tolist() == [0.25, 0.5, 1]
    assert found.request.tolist() == [0, 0, 1]
    assert found.ids == ["mine", "e2"]
    assert found.times.astype(str).tolist() == ["2026-03-01T12:00:00.000000", "2026-03-01T12:59:00.000000"]


def test_nothing_captured_is_no_rows(data):
    found = read_capture([], data(), WINDOW)
    assert (found.row_count, found.request_count, found.lines) == (0, 0, 0)
    assert list(found.features.columns) == ["income", "debt"]
    assert found.predictions.shape == (0,)
    assert read_capture([], data(**CLASSES), WINDOW).predictions.shape == (0, 3)


def test_json_and_base64_say_the_same_as_csv(data):
    plain = capture_line("1,2", "0.5")
    named = '{"instances": [{"debt": 2, "income": 1}]}'
    scored = '{"predictions": [{"score": 0.5}]}'
    as_json = encoded(plain, input__data=named, input__encoding="JSON", output__data=scored, output__encoding="JSON")
    packed = base64.b64encode(b"1,2\n").decode()
    as_base64 = encoded(plain, input__data=packed, input__encoding="BASE64")
    json_in_base64 = encoded(
        plain,
        input__data=base64.b64encode(named.encode()).decode(),
        input__encoding="BASE64",
        input__observedContentType="application/json; charset=utf-8",
    )
    objects = encoded(plain, input__data=json.loads(named), input__encoding="JSON")
    for line in (as_json, as_base64, json_in_base64, objects):
        found = read(data, line)
        assert found.bad.shown == ()
        assert (found.features.to_numpy().tolist(), found.predictions.tolist()) == ([[1, 2]], [0.5])


def test_predictions_may_stand_in_one_line_and_have_a_number_for_each_class(data):
    assert read(data, capture_line("1,2\n3,4", "0.25,0.5")).predictions.tolist() == [0.25, 0.5]
    several = read(data, capture_line("1,2\n3,4", "0.1,0.2,0.7\n1,0,0"), **CLASSES)
    assert several.predictions.tolist() == [[0.1, 0.2, 0.7], [1, 0, 0]]


def test_a_number_may_be_beyond_one_where_a_number_is_predicted(data):
    label = {"column": "approve", "positive": 9, "threshold": True}
    assert read(data, capture_line("1,2", "-17.5"), label=label).predictions.tolist() == [-17.5]


BAD = {
    "is not JSON": [b"{", b"\xff\xfe{}", b"nonsense", b"[" * 100_000, b"\x00", b'{"a": 1' + b"0" * 5000 + b"}"],
    "is no JSON object": [b"[]", b"1", b"null", b'"text"'],
    "has no eventMetadata.eventId": [b"{}", b'{"eventMetadata": []}', capture_line("1,2", "0.5", event="")],
    "has no time": [
        b'{"eventMetadata": {"eventId": "e"}}',
        capture_line("1,2", "0.5").replace(b"2026-03", b"2026-13"),
        capture_line("1,2", "0.5").replace(b'"2026-03-01T12:00:00Z"', b"1772366400"),
    ],
    "has no captureData": [b'{"eventMetadata": {"eventId": "e", "inferenceTime": "2026-03-01T12:00:00Z"}}'],
    "endpointInput has another number of columns": [
        capture_line("1", "0.5"),
        capture_line("1,2,3", "0.5"),
        capture_line("1,2\n3", "0.5\n0.5"),
        encoded(capture_line("", "0.5"), input__data='{"instances": [{"income": 1}]}', input__encoding="JSON"),
        encoded(capture_line("", "0.5"), input__data="[[1, 2, 3]]", input__encoding="JSON"),
    ],
    "endpointInput holds no rows": [capture_line("", ""), capture_line("\n\n", "")],
    "endpointInput holds no instances": [
        encoded(capture_line("", "0.5"), input__data="{}", input__encoding="JSON"),
        encoded(capture_line("", "0.5"), input__data="[1, 2]", input__encoding="JSON"),
    ],
    "endpointInput holds no JSON": [encoded(capture_line("1,2", "0.5"), input__encoding="JSON", input__data="{")],
    "endpointInput is not base64 of UTF-8": [
        encoded(capture_line("1,2", "0.5"), input__encoding="BASE64"),
        encoded(capture_line("", "0.5"), input__encoding="BASE64", input__data=base64.b64encode(b"\xff\xfe").decode()),
        encoded(capture_line("", "0.5"), input__encoding="BASE64", input__data=["a"]),
    ],
    "endpointInput has an unknown encoding": [encoded(capture_line("1,2", "0.5"), input__encoding="AVRO")],
    "endpointInput holds no CSV": [encoded(capture_line("1,2", "0.5"), input__data={"a": 1})],
    "holds no CSV": [capture_line('1,"2', "0.5"), capture_line('"1"2,3', "0.5")],
    "has no endpointOutput": [
        b'{"captureData": {"endpointInput": {"data": "1,2"}}, '
        + capture_line("1,2", "0.5")[1:].split(b'"captureData"')[0]
        + b'"eventMetadata": {"eventId": "e", "inferenceTime": "2026-03-01T12:00:00Z"}}'
    ],
    "has another number of predictions than rows": [
        capture_line("1,2", ""),
        capture_line("1,2", "0.5\n0.5"),
        capture_line("1,2\n3,4", "0.5"),
    ],
    "a prediction has another number of numbers": [capture_line("1,2", "0.1,0.9")],
    "a prediction is no number of the label": [
        capture_line("1,2", answer) for answer in ("NaN", "inf", "1.5", "-0.1", "yes", "1e999")
    ],
}


@pytest.mark.parametrize(("reason", "line"), [(reason, line) for reason, lines in BAD.items() for line in lines])
def test_a_bad_line_is_counted_and_named_and_costs_no_other(data, reason, line):
    good = capture_line("1,2", "0.5", event="good")
    found = read_capture([("hour.jsonl", good + b"\n\n" + line + b"\n")], data(), WINDOW)
    assert (found.lines, found.row_count, found.ids) == (2, 1, ["good"])
    assert found.bad.by_reason == {reason: 1}
    assert found.bad.shown[0].startswith(f"hour.jsonl, line 3: {reason}")
    assert len(found.bad.shown[0]) < 300


def test_ten_mebibytes_in_a_line_are_read_or_refused(data, monkeypatch):
    long = "x" * (10 * 2**20)
    found = read(data, capture_line(f"1,{long}", "0.5", event="a"), capture_line(long, "0.5", event="b"))
    assert (found.row_count, found.bad.count) == (1, 1)
    assert len(found.bad.shown[0]) < 200
    monkeypatch.setattr("model_governance.evaluation.capture_line.LONGEST_LINE", 1000)
    assert read(data, capture_line(f"1,{long}", "0.5")).bad.by_reason == {"is too long": 1}


def test_lines_of_other_times_are_outside_and_counted(data):
    hour = timedelta(hours=1)
    times = [START - timedelta(microseconds=1), START, START + hour, START + 24 * 365 * hour]
    lines = [capture_line("1,2", "0.5", event=f"e{number}", time=time) for number, time in enumerate(times)]
    lines.append(lines[1].replace(b"12:00:00Z", b"13:30:00+01:30").replace(b'"e1"', b'"zone"'))
    lines.append(lines[1].replace(b"12:00:00Z", b"12:00:00").replace(b'"e1"', b'"naive"'))
    found = read(data, *lines)
    assert (found.outside, found.ids) == (3, ["e1", "zone", "naive"])


def test_an_event_that_is_captured_twice_counts_once(data):
    one = capture_line("1,2", "0.5")
    found = read(data, b"{", one, one, capture_line("9,9", "0.9"))
    assert (found.lines, found.duplicates, found.bad.count, found.row_count) == (4, 2, 1, 1)
    assert found.features["income"].tolist() == [1]


def test_of_many_bad_lines_all_are_counted_and_some_shown(data):
    found = read(data, *[b"{"] * 1000)
    assert (found.bad.count, len(found.bad.shown)) == (1000, MOST_SHOWN)


def test_text_is_kept_whatever_its_letters(data):
    found = read(data, capture_line("Ǆ\u202eß,\U0001f600", "0.5"), capture_line('"a,b","c\nd"', "0.5", event="e2"))
    assert found.features["income"].tolist() == ["Ǆ\u202eß", "a,b"]
    assert found.features["debt"].tolist() == ["\U0001f600", "c\nd"]
    half = read(data, capture_line("1,2", "0.5").replace(b'"1,2"', b'"1,\\ud800"'))
    assert half.features["debt"].tolist() == ["?"]


def test_missing_cells_are_missing_and_infinity_is_text(data):
    lines = [f"{cell},{cell}" for cell in ("NaN", "", "null", "NA", " 7 ")]
    found = read(data, capture_line("\n".join(lines), "\n".join(["0.5"] * 5)))
    assert found.features["income"].isna().tolist() == [True, True, True, True, False]
    assert found.features["income"].dtype == np.float64
    assert read(data, capture_line("inf,1_000", "0.5")).features.to_numpy().tolist() == [["inf", "1_000"]]


CELLS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.integers(-(2**60), 2**60).map(str),
    st.sampled_from(["", "NA", "nan", "x", "1_0", " 1", "1e3", "0x1", "True", "\uff11\uff12"]),
    st.text(max_size=4),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(CELLS, max_size=12), st.integers(1, 5))
def test_a_column_holds_the_canonical_cells_however_it_was_cut(cells, chunk):
    columns = CellColumns(["only"], chunk)
    for cell in cells:
        columns.add([[cell]])
    whole = CellColumns(["only"], 1000)
    whole.add([[cell] for cell in cells])
    found = columns.frame()["only"]
    assert found.equals(whole.frame()["only"])
    shown = ["" if pd.isna(one) else canonical_cell(str(one)) for one in found]
    assert shown == [_cell(cell) for cell in cells]


def _cell(text: str) -> str:
    return canonical_cell(text).encode("utf-8", "replace").decode()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_numbers_are_exact(numbers):
    found = read_column([repr(number) for number in numbers])
    assert found.tolist() == [finite_number(repr(number)) for number in numbers]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.just(capture_line("1,2", "0.5"))), max_size=6))
def test_whatever_comes_every_line_is_in_one_place(lines):
    from tests.model_governance.evaluation.conftest import DATA

    from model_governance.domain.data import Data

    found = read_capture([("o", b"\n".join(lines))], Data.model_validate(DATA), WINDOW)
    assert found.lines == found.request_count + found.duplicates + found.outside + found.bad.count
