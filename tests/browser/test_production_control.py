"""Production control by its form in Airflow's own pages: refused with a reason that can be read, and carried out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.lifecycle.following import Lifecycle
from tests.running_stack import RunningStack

from model_governance.domain.ledger import EntryKind

if TYPE_CHECKING:
    from tests.browser.airflow_pages import AirflowPages

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.timeout(600)]

USE_CASE = "direct-marketing"
RUNS = "/api/v2/dags/production_control/dagRuns"

AsPerson = Callable[[str], "AirflowPages"]


def ended(stack: RunningStack, run_id: str) -> str:
    until = time.monotonic() + 180
    with stack.airflow("admin") as client:
        while (state := client.get(f"{RUNS}/{run_id}").json()["state"]) not in ("success", "failed"):
            assert time.monotonic() < until, state
            time.sleep(0.5)
    return str(state)


def runs(stack: RunningStack) -> int:
    with stack.airflow("admin") as client:
        return int(client.get(RUNS).json()["total_entries"])


def test_a_form_is_an_order_by_who_may_and_refused_at_once_to_who_may_not(
    running_stack: RunningStack, as_person: AsPerson
) -> None:
    """A drill of a use case that nothing serves; whoever ends it is another person."""
    known = Lifecycle(running_stack, USE_CASE)
    owner, approver = as_person("model-owner"), as_person("production-approver")
    before = runs(running_stack)

    assert owner.order(USE_CASE, "roll_back", "It errs, or so it seems") is None
    assert owner.answer_can_be_read()
    owner.picture("order-refused")
    words = (
        f"Nothing was ordered: model-owner may not roll back {USE_CASE}: the policy names production_approver for it"
    )
    assert words in owner.answer.inner_text()
    assert runs(running_stack) == before

    for person, action, kind in ((owner, "stop", EntryKind.STOP), (approver, "resume", EntryKind.RESUME)):
        run_id = person.order(USE_CASE, action, f"An exercise: {action}")
        assert run_id is not None
        assert ended(running_stack, run_id) == "success"
        person.picture(f"order-{action}")
        order, done = known.entries(EntryKind.ORDER)[-1], known.entries(kind)[-1]
        assert (order.body["operation"], order.body["reason"]) == (action, f"An exercise: {action}")
        assert order.body["order_id"] == f"production_control/{run_id}"
        assert (done.body["order"], done.body["actor"]) == (order.sequence, order.body["actor"])
