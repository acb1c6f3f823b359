"""What the ledger holds of monitoring: the result of a window, and that a retraining was asked for; bounded in size.

Apart from the report of a window, which may be large and lies in the store: here are its digests and what follows.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_serializer

from model_governance.domain.oversight import Severity

MOST_BREACHES = 32
"""How many breaches a result names; more are told as one."""
_LONGEST_SENTENCE = 600


class BreachNote(BaseModel):
    """A breach of a window; what several numbers say of one cause is one.

    Attributes:
        key: The same for the same breach of another window.
        severity: Of its finding.
        sentence: What was found, in a line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(max_length=400)
    severity: Severity
    sentence: str = Field(max_length=_LONGEST_SENTENCE)


class WindowResult(BaseModel):
    """The result of a window of one version's traffic, as the ledger holds it.

    Attributes:
        start: Of the window, in it, UTC.
        end: Of the window, no longer in it, UTC.
        version: The version that served.
        revision: From 1; a higher one supersedes it, when more ground truth has come.
        verdict: ``passed``, ``breached`` or ``not assessed``.
        sentence: All of it in one line.
        folder: Where its objects lie; ends with a slash.
        sha256: Digest of each of its objects, by name.
        traffic: Fingerprint of the captured objects that it was made of,
        truth: and of those with ground truth.
        rows: Rows of traffic.
        breaches: The gravest; at most ``MOST_BREACHES``.
        breach_count: How many there are.
        run_id: The run that recorded it.
        awaits_truth: Whether it waits for ground truth that a KPI counts: when the time for that is over, the window is
            assessed once more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: AwareDatetime
    end: AwareDatetime
    version: int
    revision: int = Field(ge=1)
    verdict: str
    sentence: str = Field(max_length=_LONGEST_SENTENCE)
    folder: str
    sha256: dict[str, str]
    traffic: str
    truth: str
    rows: int = 0
    breaches: tuple[BreachNote, ...] = Field(default=(), max_length=MOST_BREACHES)
    breach_count: int = 0
    run_id: str = ""
    awaits_truth: bool = False

    @field_serializer("start", "end")
    def _time_as_text(self, time: datetime) -> str:
        return time.isoformat()

    @property
    def place(self) -> tuple[datetime, int]:
        """What a later revision is of too: the window's start and the version."""
        return self.start, self.version


class Retraining(BaseModel):
    """That a retraining was asked for, and why.

    Attributes:
        findings: Ids of the findings that it is for.
        version: The version that they are about.
        window: Start of the window that was looked at last, ISO 8601.
        run_id: The monitoring run that asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    findings: tuple[str, ...] = Field(min_length=1, max_length=1000)
    version: int
    window: str
    run_id: str


def window_prefix(use_case: str) -> str:
    """Where all results of a use case's monitoring lie; ends with a slash."""
    return f"use-cases/{use_case}/monitoring/"


def window_folder(use_case: str, version: int, start: datetime, revision: int) -> str:
    """Where the objects of one result lie; ends with a slash.

    Args:
        use_case: The use case.
        version: The version that served.
        start: Of the window, UTC.
        revision: From 1; a later one has a folder of its own in the first one's.
    """
    folder = f"{window_prefix(use_case)}v{version}/{start:%Y%m%dT%H%MZ}/"
    return folder if revision == 1 else f"{folder}r{revision}/"


def cut(sentence: str, longest: int = _LONGEST_SENTENCE) -> str:
    """A text in one line, no longer than a record may hold."""
    line = " ".join(sentence.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
