"""The command line as a person runs it, on the use cases that the decisions' tests work on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from tests.model_governance.decisions.conftest import Case, case

from model_governance.cli.commands import run
from model_governance.domain.decision import Gate
from stack.environment import person_environment
from stack.settings import Settings

__all__ = ["case"]


@dataclass(frozen=True)
class Said:
    """What a command ended with and said."""

    status: int
    out: str
    err: str

    @property
    def refusal(self) -> str:
        """The one line that a refusal is."""
        assert self.status == 1, self
        assert self.err.count("\n") == 1, self.err
        return self.err.strip()


Command = Callable[..., Said]


@pytest.fixture
def command(
    case: Case, stack_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs ``model-governance`` under a person's principal, in this process; ``environment`` changes its variables."""

    def command(person: str, *arguments: str, environment: dict[str, str | None] | None = None) -> Said:
        told: dict[str, str | None] = {
            **person_environment(person, stack_settings),
            "MODEL_GOVERNANCE_USE_CASES": str(case.folder.parent),
            "MODEL_GOVERNANCE_POLICIES": str(case.policies),
            **(environment or {}),
        }
        capsys.readouterr()
        with monkeypatch.context() as patch:
            for name, value in told.items():
                if value is None:
                    patch.delenv(name, raising=False)
                else:
                    patch.setenv(name, value)
            patch.setattr("sys.argv", ["model-governance", *arguments])
            with pytest.raises(SystemExit) as ended:
                run()
        captured = capsys.readouterr()
        return Said(int(ended.value.code or 0), captured.out, captured.err)

    return command


@pytest.fixture
def adjudicating(case: Case) -> Callable[[Gate, str], object]:
    """The waiting gate's part, as the triggerer plays it: looks at a gate until it is decided or the block ends."""

    @contextmanager
    def adjudicating(gate: Gate, subject: str) -> Iterator[None]:
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(0.2):
                if case.adjudicate(gate, subject).is_final:
                    return

        watch = threading.Thread(target=look)
        watch.start()
        try:
            yield
        finally:
            ended.set()
            watch.join()

    return adjudicating
