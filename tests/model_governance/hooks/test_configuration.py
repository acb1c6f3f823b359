"""The organisation's files: one broken folder is named and leaves the others alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from model_governance.errors import PolicyInvalid, RecordMissing, UseCaseInvalid
from model_governance.hooks.configuration import Configuration

PROJECT = Path(__file__).parents[3]
NOBODYS = ("unknown", "../policies", "a/b", "", ".", "..", "x" * 2000, "\ud800", "a\x00b", "a\n", "A", "-a", "a-test")
VALID = PROJECT / "include" / "use_cases" / "loan-approval" / "use_case.yaml"


def add(folder: Path, name: str, **changes: object) -> Path:
    declared = {**yaml.safe_load(VALID.read_text()), "name": name, **changes}
    (folder / name).mkdir(parents=True)
    (folder / name / "use_case.yaml").write_text(yaml.safe_dump(declared))
    for program in ("train.py", "inference.py"):
        (folder / name / program).write_text("")
    return folder / name


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return Configuration(tmp_path / "use_cases", PROJECT / "include" / "policies")


def test_the_projects_own_files_validate() -> None:
    own = Configuration(PROJECT / "include" / "use_cases", PROJECT / "include" / "policies")
    assert own.use_cases().faults == {}
    assert own.policy().name
    assert own.people().by_id("model-owner") is not None


def test_a_broken_folder_does_not_break_the_others(configuration: Configuration) -> None:
    folder = configuration.use_cases_folder
    add(folder, "good")
    add(folder, "leaky", owner=7)
    (folder / "empty").mkdir()
    (folder / "not-yaml").mkdir()
    (folder / "not-yaml" / "use_case.yaml").write_text("a: [")
    (folder / ".hidden").mkdir()
    (folder / "README.md").write_text("no folder")
    found = configuration.use_cases()
    assert set(found.valid) == {"good"}
    assert set(found.faults) == {"leaky", "empty", "not-yaml"}
    assert "leaky/use_case.yaml: owner: Input should be a valid string" in str(found.faults["leaky"])
    assert "empty/use_case.yaml: there is no such file" in str(found.faults["empty"])
    assert "is not YAML" in str(found.faults["not-yaml"])


def test_a_folder_without_its_program_is_named(configuration: Configuration) -> None:
    (add(configuration.use_cases_folder, "case") / "train.py").unlink()
    with pytest.raises(UseCaseInvalid, match=r"training\.program: there is no file train\.py"):
        configuration.use_case("case")


@pytest.mark.parametrize("name", NOBODYS, ids=range(len(NOBODYS)))
def test_a_use_case_that_is_not_there_is_missing(configuration: Configuration, name: str) -> None:
    configuration.use_cases_folder.mkdir()
    with pytest.raises(RecordMissing, match="there is no use case"):
        configuration.use_case(name)


def test_a_folder_that_no_use_case_can_be_called_by_is_named_with_the_reason(configuration: Configuration) -> None:
    for name in ("Loans", "loans-test"):
        add(configuration.use_cases_folder, name)
    faults = configuration.use_cases().faults
    assert "there is no use case 'Loans' in " in str(faults["Loans"])
    assert "String should match pattern" in str(faults["Loans"])
    assert "is what the test endpoint of a use case 'loans' is called" in str(faults["loans-test"])


def test_an_installation_without_use_cases_has_none(configuration: Configuration) -> None:
    assert configuration.use_cases().valid == {}


def test_a_policy_that_is_not_there_or_not_valid_is_named(tmp_path: Path) -> None:
    configuration = Configuration(tmp_path, tmp_path)
    with pytest.raises(PolicyInvalid, match=r"policy\.yaml: there is no such file"):
        configuration.policy()
    (tmp_path / "people.yaml").write_text("people: [{id: 1}]")
    with pytest.raises(PolicyInvalid, match=r"people\.yaml: people\.0\.id"):
        configuration.people()
