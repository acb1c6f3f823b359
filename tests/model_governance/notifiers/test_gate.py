"""The notifier that a gate's request calls: it tells, renders nobody's words, and never fails."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.model_governance.decisions.conftest import Case

from model_governance.hooks.installation import Installation
from model_governance.notifiers.gate import GateNotifier


def called(notifier: GateNotifier, run_id: str) -> None:
    """As Airflow calls it after the task's success."""
    context: Any = {"run_id": run_id, "dag": None}
    notifier(context)


def test_the_opening_of_a_gate_is_told_by_a_line_in_the_log_by_default(
    case: Case, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    case.governed()
    known = case.principal("pipeline")
    monkeypatch.setattr(Installation, "load", lambda *_: known)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            called(GateNotifier(use_case=case.name, gate="governance"), case.run_id)
    said = [line for line in caplog.messages if "waits for a decision" in line]
    assert len(said) == 1
    assert said[0].startswith(
        f"Governance gate of {case.name} version 1 waits for a decision | for: governance-officer;"
    )


@pytest.mark.parametrize("fault", [OSError("no route"), RuntimeError("odd"), KeyError("x")])
def test_whatever_goes_wrong_is_logged_and_fails_nothing(
    fault: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(Installation, "load", fail)
    with caplog.at_level(logging.WARNING):
        called(GateNotifier(use_case="loan-approval", gate="governance"), "manual__1")
    assert "the governance gate of loan-approval: nobody was told" in caplog.text
