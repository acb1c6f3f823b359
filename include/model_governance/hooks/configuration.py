"""The organisation's files of this installation: use-case folders, the policy and the people, read afresh each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from model_governance.domain.people import People, parse_people
from model_governance.domain.policy import Policy, parse_policy
from model_governance.domain.use_case import Name, UseCase, parse_use_case
from model_governance.errors import PolicyInvalid, RecordMissing, UseCaseInvalid

_DECLARATION = "use_case.yaml"
_PROGRAMS = ("train.py", "inference.py")
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_SHOWN = 80
"""How much of a name a refusal shows."""


@dataclass(frozen=True)
class UseCases:
    """The use cases of the installation, and the folders that are none.

    Attributes:
        valid: By name.
        faults: By folder's name: why it does not validate.
    """

    valid: Mapping[str, UseCase]
    faults: Mapping[str, UseCaseInvalid]


@dataclass(frozen=True)
class Configuration:
    """The files of an installation.

    Attributes:
        use_cases_folder: Holds a folder per use case.
        policies_folder: Holds policy.yaml and people.yaml.
    """

    use_cases_folder: Path
    policies_folder: Path

    def use_cases(self) -> UseCases:
        """Every use case; a folder that does not validate is named with its faults and leaves the others alone."""
        valid: dict[str, UseCase] = {}
        faults: dict[str, UseCaseInvalid] = {}
        folder = self.use_cases_folder
        names = sorted(each.name for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []
        for name in names:
            if name.startswith((".", "_")):
                continue
            try:
                valid[name] = self.use_case(name)
            except UseCaseInvalid as fault:
                faults[name] = fault
            except RecordMissing as fault:
                faults[name] = UseCaseInvalid(str(fault))
        return UseCases(valid, faults)

    def use_case(self, name: str) -> UseCase:
        """One use case.

        Raises:
            RecordMissing: There is no such folder, or no use_case.yaml in it.
            UseCaseInvalid: It does not validate; naming file, field and reason.
        """
        file = self.folder(name) / _DECLARATION
        use_case = _parsed_use_case(_text(file, UseCaseInvalid), str(file), name)
        for program in {use_case.training.program, *_PROGRAMS[1:]}:
            if not (file.parent / program).is_file():
                raise UseCaseInvalid(f"{file}: training.program: there is no file {program} in the folder")
        return use_case

    def folder(self, name: str) -> Path:
        """The folder of a use case.

        Raises:
            RecordMissing: There is none, or no use case can be called so.
        """
        refuse_unfit_name(name, f" in {self.use_cases_folder}")
        folder = self.use_cases_folder / name
        if not folder.is_dir():
            raise RecordMissing(f"there is no use case {name!r} in {self.use_cases_folder}")
        return folder

    def policy(self) -> Policy:
        """The policy in force.

        Raises:
            PolicyInvalid: It cannot be read or does not validate; naming file, field and reason.
        """
        file = self.policies_folder / "policy.yaml"
        return _parsed_policy(_text(file, PolicyInvalid), str(file))

    def people(self) -> People:
        """Who may take part in decisions.

        Raises:
            PolicyInvalid: The file cannot be read or does not validate; naming file, field and reason.
        """
        file = self.policies_folder / "people.yaml"
        return _parsed_people(_text(file, PolicyInvalid), str(file))


def refuse_unfit_name(name: str, where: str = "") -> None:
    """Raises for what no use case can be called, before anything is looked for under that name.

    Args:
        name: What somebody gave for a name.
        where: Where it would be, for the refusal.

    Raises:
        RecordMissing: With the reason.
    """
    try:
        _NAME.validate_python(name)
    except ValidationError as fault:
        why = fault.errors()[0]["msg"]
        raise RecordMissing(f"there is no use case {name[:_SHOWN]!r}{where}: {why}") from None


# Texts are parsed once: a waiting gate reads the files at each look, and they seldom differ.


@lru_cache(maxsize=8)
def _parsed_policy(text: str, file: str) -> Policy:
    return parse_policy(text, file=file)


@lru_cache(maxsize=8)
def _parsed_people(text: str, file: str) -> People:
    return parse_people(text, file=file)


@lru_cache(maxsize=256)
def _parsed_use_case(text: str, file: str, folder: str) -> UseCase:
    return parse_use_case(text, file=file, folder=folder)


def _text(file: Path, fault: type[UseCaseInvalid | PolicyInvalid]) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if fault is UseCaseInvalid:
            raise RecordMissing(f"{file}: there is no such file") from None
        raise fault(f"{file}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as reason:
        raise fault(f"{file}: cannot be read: {reason}") from None
