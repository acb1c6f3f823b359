"""The commands ``card``, ``report`` and ``suggest-expectations`` with names that nobody would give."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.model_governance.cli.conftest import Command
from tests.model_governance.decisions.conftest import Case

NAMES = ("", " ", "../../etc", "a b", "é", "x" * 300, "a\nb", "\x1b[31mred", "<b>", "a/b", "*", "%s{}$x", "\u202eabc")


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("verb", ["card", "report"])
def test_a_name_that_is_no_use_case_is_refused_in_a_line(case: Case, command: Command, verb: str, name: str) -> None:
    said = command("governance-officer", verb, name)
    assert said.status == 1, said
    assert "Traceback" not in said.err
    assert "\x1b" not in said.err
    assert len(said.err.strip().splitlines()) == 1, said


@pytest.mark.parametrize("separator", ["\\t", "", "ab", '"'])
def test_a_separator_that_is_none_is_refused_in_a_line(command: Command, tmp_path: Path, separator: str) -> None:
    file = tmp_path / "data.csv"
    file.write_text("a\tb\n1\t2\n", encoding="utf-8")
    said = command("governance-officer", "suggest-expectations", str(file), "--separator", separator)
    assert said.status == 1, said
    assert "separator" in said.err and "Traceback" not in said.err
