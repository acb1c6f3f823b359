"""inference.py of the loan-approval use case without a model: what it reads, what it refuses, what it answers."""

from __future__ import annotations

import json
import sys
from importlib import util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "include" / "use_cases" / "loan-approval" / "inference.py"


@pytest.fixture
def inference() -> ModuleType:
    spec = util.spec_from_file_location("loan_approval_inference", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.SERVED[:] = ["income", "debt"]
    return module


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("1,2\n3,\n", "text/csv"),
        (b"1,2\r\n3,\r\n", "text/csv; charset=utf-8"),
        ('{"instances": [{"features": [1, 2]}, {"features": [3, null]}]}', "application/json"),
        ('{"instances": [{"debt": 2, "income": 1}, {"income": 3.0, "debt": null}]}', "APPLICATION/JSON"),
    ],
)
def test_applications_are_read_into_the_models_order(inference, body, content_type):
    np.testing.assert_array_equal(inference.input_fn(body, content_type), [[1, 2], [3, np.nan]])


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        ("", "text/csv", "the request is empty"),
        (b"\xff,1\n", "text/csv", "not UTF-8"),
        ("1,2\n1,two\n", "text/csv", "row 2, field 2: 'two' is not a number"),
        ("1,2\n1\n", "text/csv", "row 2 has 1 fields; the model takes 2: income, debt"),
        ("1,2,3\n", "text/csv", "row 1 has 3 fields"),
        ("1,inf\n", "text/csv", "row 1, field 2: infinity is no value"),
        ('1,"2\n', "text/csv", "not CSV"),
        ("1,2", "text/html", "content type 'text/html' is not served"),
        ("{", "application/json", "not JSON"),
        ("[1, 2]", "application/json", 'must be {"instances": [...]}'),
        ('{"instances": []}', "application/json", "with at least one application"),
        ('{"instances": [[1, 2]]}', "application/json", "row 1: an application is an object"),
        ('{"instances": [{"features": [1, "2"]}]}', "application/json", 'row 1, field 2: "2" is not a number'),
        ('{"instances": [{"features": [1, true]}]}', "application/json", "row 1, field 2: true is not a number"),
        ('{"instances": [{"features": [1, 1e999]}]}', "application/json", "row 1, field 2: infinity"),
        (f'{{"instances": [{{"features": [1, {10**400}]}}]}}', "application/json", "the number is too large"),
        ('{"instances": [{"income": 1, "dept": 2}]}', "application/json", "features absent: debt; unknown: dept"),
    ],
)
def test_a_request_that_cannot_be_read_raises_a_value_error_with_the_place(inference, body, content_type, said):
    with pytest.raises(ValueError) as refusal:
        inference.input_fn(body, content_type)
    assert said in str(refusal.value)


def test_probabilities_are_written_in_the_form_asked_for(inference):
    prediction = np.asarray([0.25, 0.5], dtype=np.float32)
    assert inference.output_fn(prediction, "text/csv") == "0.25\n0.5"
    assert inference.output_fn(prediction, "*/*") == "0.25\n0.5"
    assert json.loads(inference.output_fn(prediction, "application/json")) == {
        "predictions": [{"score": 0.25}, {"score": 0.5}]
    }
    with pytest.raises(ValueError, match="accept 'image/png' is not served"):
        inference.output_fn(prediction, "image/png")
