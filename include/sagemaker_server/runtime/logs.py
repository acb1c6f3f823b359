"""Where the output of jobs and endpoints is kept: a file per stream, under the log group's own name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

TRAINING_JOBS = "/aws/sagemaker/TrainingJobs"
TRANSFORM_JOBS = "/aws/sagemaker/TransformJobs"
ENDPOINTS = "/aws/sagemaker/Endpoints"
LAST_BYTES = 8192
FORMER = ".former"


@dataclass(frozen=True)
class LogLine:
    """A line of output.

    Attributes:
        time: Milliseconds since 1970.
        message: The line.
    """

    time: int
    message: str


def stream_of_job(name: str, created: datetime) -> str:
    """The stream of a job's one host; the same when the job is run again."""
    return f"{name}/algo-1-{int(created.timestamp())}"


def log_file(home: Path, group: str, stream: str) -> Path:
    """The file of a stream.

    Raises:
        ValueError: The names lead out of the folder of logs.
    """
    logs = (home / "logs").resolve()
    file = (logs / group.strip("/") / stream).resolve()
    if not file.is_relative_to(logs):
        raise ValueError(f"no log stream can be called {group}/{stream}")
    return file


def streams(home: Path, group: str, prefix: str) -> list[str]:
    """The streams of a group whose names begin with the prefix, sorted."""
    folder = log_file(home, group, ".")
    files = (file for file in folder.rglob("*") if file.is_file() and file.suffix != FORMER)
    names = (file.relative_to(folder).as_posix() for file in files)
    return sorted(name for name in names if name.startswith(prefix))


def read_lines(file: Path) -> list[LogLine]:
    """All lines of a stream; none if it has not been written to."""
    if not file.is_file():
        return []
    return [_line(entry) for entry in file.read_text(errors="replace").splitlines() if entry]


def last_words(file: Path, length: int = 700) -> str:
    """The end of what a child said, for a failure reason.

    Args:
        file: Its log.
        length: Characters, at most.
    """
    if not file.is_file():
        return "(nothing was logged)"
    with file.open("rb") as log:
        log.seek(max(0, file.stat().st_size - LAST_BYTES))
        entries = log.read().decode(errors="replace").splitlines()
    text = "\n".join(_line(entry).message for entry in entries[-20:]).strip()
    return text[-length:] or "(nothing was logged)"


def _line(entry: str) -> LogLine:
    time, _, message = entry.partition(" ")
    return LogLine(int(time), message) if time.isdecimal() else LogLine(0, entry)
