"""Exceptions and findings on the command line: whatever is given, one line says what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.model_governance.cli.conftest import Command
from tests.model_governance.decisions.conftest import Case

from model_governance.domain.ledger import EntryKind

SOON = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
LONG = "x" * 2000
HALF = "\ud800"
GRANT = {
    "--version": "1",
    "--reason": "few cases",
    "--control": "a second reader",
    "--owner": "model-owner",
    "--until": SOON,
}
OPEN = {"--severity": "low", "--owner": "model-owner", "--due": SOON, "--version": "1"}


def given(options: dict[str, str], **changes: str) -> list[str]:
    said = {**options, **{f"--{name}": text for name, text in changes.items()}}
    return [word for option in said.items() for word in option]


UNFIT = [
    (["except", "{case}", "post_training_bias", *given(GRANT, until="9999-12-31")], "cannot last until 9999-12-31"),
    (["except", LONG, "post_training_bias", *given(GRANT)], "there is no use case 'xxx"),
    (["except", HALF, "post_training_bias", *given(GRANT)], "there is no use case '\\ud800'"),
    (["except", "{case}", HALF, *given(GRANT)], "the item cannot be recorded"),
    (["except", "{case}", "post_training_bias", *given(GRANT, reason=HALF)], "the reason cannot be recorded"),
    (
        ["except", "{case}", "post_training_bias", *given(GRANT, control=HALF)],
        "the compensating control cannot be recorded",
    ),
    (["except", "{case}", "post_training_bias", *given(GRANT, owner=HALF)], "nobody in the people file"),
    (["except", "{case}", "post_training_bias.", *given(GRANT)], "names no limit"),
    (["finding", "open", "{case}", HALF, *given(OPEN)], "the title cannot be recorded"),
    (["finding", "open", "{case}", "drift", *given(OPEN, due="0001-01-01")], "a day that has passed (0001-01-01)"),
    (["finding", "open", "{case}", LONG * 150, *given(OPEN)], "the title has 300000 characters: 200 at most"),
    (["finding", "open", LONG, "drift", *given(OPEN)], "there is no use case 'xxx"),
    (["finding", "open", HALF, "drift", *given(OPEN)], "there is no use case '\\ud800'"),
    (["finding", "close", "{case}", "finding-1", "--comment", HALF], "the comment cannot be recorded"),
    (["finding", "close", "{case}", HALF, "--comment", "done"], "has no finding '\\ud800'"),
    (["finding", "close", LONG, "finding-1", "--comment", "done"], "there is no use case 'xxx"),
    (["finding", "list", LONG], "there is no use case 'xxx"),
    (["finding", "list", HALF], "there is no use case '\\ud800'"),
    (["missing", LONG], "there is no use case 'xxx"),
    (["missing", HALF], "there is no use case '\\ud800'"),
    (["approve", LONG, "governance"], "there is no use case 'xxx"),
    (["reject", HALF, "use_case"], "there is no use case '\\ud800'"),
]


def test_what_cannot_be_recorded_is_refused_in_one_line(case: Case, command: Command) -> None:
    case.register()
    opened = command("policy-owner", "finding", "open", case.name, "drift", *given(OPEN))
    assert opened.out.startswith("finding-1 is open"), opened
    entries = case.principal("pipeline").ledger(case.name).entries()
    for arguments, reason in UNFIT:
        said = command("policy-owner", *(each.format(case=case.name) for each in arguments))
        assert said.refusal.startswith("refused: "), (arguments, said)
        assert reason in said.refusal, (arguments, said)
        assert len(said.refusal) < 400
    assert case.principal("pipeline").ledger(case.name).entries() == entries


@pytest.mark.parametrize("gate", ["use_case", "governance"])
def test_a_comment_that_is_no_text_is_refused_in_one_line(case: Case, command: Command, gate: str) -> None:
    case.governed()
    decided = case.entries(EntryKind.DECISION)
    for verb in ("approve", "reject"):
        said = command("governance-officer", verb, case.name, gate, "--comment", HALF)
        assert said.refusal == "refused: the comment cannot be recorded: some of it is no text in UTF-8"
    assert case.entries(EntryKind.DECISION) == decided
