"""Which asking a try of the deploying task belongs to: a retry to the one before, a cleared task to a new one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from model_governance.operators import rollout
from model_governance.operators.rollout import RolloutOperator


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """As what the roll-out was asked, try after try."""
    given: list[str] = []
    run = SimpleNamespace(installation=None, name="loans", run_id="manual__1")
    monkeypatch.setattr(rollout, "current_run", lambda *_: run)
    monkeypatch.setattr(rollout, "Version", SimpleNamespace(of_run=lambda *_: None))
    monkeypatch.setattr(rollout, "advance", lambda version, awaited, asked: given.append(asked))
    return given


def test_a_retry_asks_for_nothing_new_and_a_cleared_task_does(asked: list[str]) -> None:
    operator = RolloutOperator(task_id="deploy", use_case="loans")
    for try_number, max_tries in [(1, 5), (2, 5), (3, 8)]:
        context: Any = {"ti": SimpleNamespace(try_number=try_number, max_tries=max_tries)}
        operator.execute(context)
    operator.go_on(context, awaited="loans-v1-production")
    assert asked[0] == asked[1] != asked[2] == asked[3]
