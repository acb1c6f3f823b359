"""Names that a use case may not have, because something else is called so."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

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
