"""What a use case may declare: its name, its label, its facets; and what keeps its digest."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from model_governance.domain.canonical import digest
from model_governance.domain.data import Data, Facet, Label
from model_governance.domain.use_case import Name

NAME: TypeAdapter[str] = TypeAdapter(Name)


@pytest.mark.parametrize("name", ["loan-approval", "a", "test", "test-loans", "loans-tested", "x" * 40])
def test_a_plain_name_is_taken(name: str) -> None:
    assert NAME.validate_python(name) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("loan-approval-test", "test endpoint of a use case 'loan-approval'"),
        ("policies", "ledger of policy versions"),
        ("Loans", "should match pattern"),
        ("loans-", "should match pattern"),
        ("x" * 41, "should match pattern"),
        ("../loans", "should match pattern"),
    ],
)
def test_a_name_that_something_else_bears_or_cannot_bear_is_refused(name: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        NAME.validate_python(name)


def test_a_label_has_one_favourable_value_several_or_a_threshold() -> None:
    assert Label(column="y", positive=1).favourable == (1,)
    assert Label.model_validate({"column": "y", "positive": ["a", "b"]}).favourable == ("a", "b")
    assert Label(column="y", positive=9, threshold=True).favourable == (9,)


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        ({"column": "y", "positive": "high", "threshold": True}, "a label's threshold is one number, not 'high'"),
        ({"column": "y", "positive": [1, 2], "threshold": True}, r"a label's threshold is one number, not \(1, 2\)"),
        ({"column": "y", "positive": []}, "at least 1 item"),
    ],
)
def test_a_label_that_favours_nothing_is_refused(declared: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Label.model_validate(declared)


@pytest.mark.parametrize("thresholds", [[], ["old"], [40, 40], [60, 40]])
def test_thresholds_of_a_facet_are_numbers_that_ascend(thresholds: list[object]) -> None:
    with pytest.raises(ValidationError, match="each greater than the one before"):
        Facet.model_validate({"name_or_index": "age", "value_or_threshold": thresholds, "threshold": True})


DATA = {
    "source": "s3://landing/small/loans.csv",
    "label": {"column": "approve", "positive": 1},
    "features": ["income"],
    "facets": [{"name_or_index": "white", "value_or_threshold": [0]}],
    "split": {"seed": 7, "holdout_fraction": 0.4},
    "expectations": [{"type": "expect_column_values_to_not_be_null"}],
}


@pytest.mark.parametrize("column", ["approve", "white"])
def test_a_group_variable_is_neither_the_label_nor_a_facet(column: str) -> None:
    with pytest.raises(ValidationError, match="must not be the label or a facet"):
        Data.model_validate({**DATA, "group_variable": column})


def test_a_group_variable_may_be_a_feature_and_stands_with_the_held_out_labels() -> None:
    declared = Data.model_validate({**DATA, "group_variable": "income"})
    assert declared.holdout_columns == ("approve", "white", "income")


def test_what_came_later_and_is_not_used_leaves_the_digest_as_it_was() -> None:
    dumped = Data.model_validate(DATA).model_dump(mode="json")
    assert "group_variable" not in dumped
    assert dumped["label"] == {"column": "approve", "positive": 1}
    assert digest(dumped) != digest(Data.model_validate({**DATA, "group_variable": "income"}).model_dump(mode="json"))
    assert Data.model_validate(dumped) == Data.model_validate(DATA)
