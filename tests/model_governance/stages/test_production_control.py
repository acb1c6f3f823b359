"""The form of production control acts for whoever triggered it, and not for long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.model_governance.decisions.conftest import Case, case

from model_governance.errors import DecisionRefused
from model_governance.serving.orders import Operation, OperationChannel
from model_governance.stages.production_control import order_of, refuse_stale

__all__ = ["case"]


def test_the_order_is_that_of_the_person_behind_the_user(case: Case) -> None:
    form = {"action": "roll_back", "use_case": case.name, "reason": "  it\nerrs "}
    given = order_of(case.pipeline, "production-approver", form)
    assert (given.operation, given.person.id, given.role) == (
        Operation.ROLL_BACK,
        "production-approver",
        "production_approver",
    )
    assert (given.channel, given.reason) == (OperationChannel.FORM, "it errs")


@pytest.mark.parametrize(
    ("user", "reason", "why"),
    [
        ("", "it errs", "no person triggered"),
        ("somebody", "it errs", "no person in people.yaml"),
        ("data-scientist", "it errs", "the policy names production_approver"),
        ("production-approver", " ", "without a reason"),
        ("production-approver", "Say why", "left as it was"),
    ],
)
def test_who_may_not_or_does_not_say_why_is_refused(case: Case, user: str, reason: str, why: str) -> None:
    with pytest.raises(DecisionRefused, match=why):
        order_of(case.pipeline, user, {"action": "roll_back", "use_case": case.name, "reason": reason})


def test_an_order_of_long_ago_is_nobodys_who_clears_its_task() -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    refuse_stale(now - timedelta(minutes=59), now)
    with pytest.raises(DecisionRefused, match="counts for 60 minutes"):
        refuse_stale(now - timedelta(minutes=61), now)
