"""Training and transform jobs as they are kept: what was asked for, how far it came, and why it ended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sagemaker_server.storage.database import Base, Instant


class JobKind(StrEnum):
    """What a job does; the names of a kind are its own."""

    TRAINING = "training"
    TRANSFORM = "transform"


class JobStatus(StrEnum):
    """``TrainingJobStatus`` and ``TransformJobStatus``."""

    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more."""
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED)


class SecondaryStatus(StrEnum):
    """The stages of a training job."""

    STARTING = "Starting"
    DOWNLOADING = "Downloading"
    TRAINING = "Training"
    UPLOADING = "Uploading"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    MAX_RUNTIME_EXCEEDED = "MaxRuntimeExceeded"
    COMPLETED = "Completed"
    FAILED = "Failed"


class Job(Base):
    """A job.

    ``transitions`` is a list of ``{"Status", "StartTime", "EndTime"?, "StatusMessage"}``, times in milliseconds since
    1970.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("jobs_by_status", "status"),)

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    arn: Mapped[str] = mapped_column(String(256))
    status: Mapped[str] = mapped_column(String(16))
    secondary_status: Mapped[str] = mapped_column(String(32))
    transitions: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    container: Mapped[dict[str, Any] | None] = mapped_column(JSON, default=None)
    created: Mapped[datetime] = mapped_column(Instant)
    modified: Mapped[datetime] = mapped_column(Instant)
    started: Mapped[datetime | None] = mapped_column(Instant, default=None)
    ended: Mapped[datetime | None] = mapped_column(Instant, default=None)
    artifacts: Mapped[str | None] = mapped_column(Text, default=None)
    failure_reason: Mapped[str | None] = mapped_column(Text, default=None)

    def enter(self, secondary: SecondaryStatus, message: str, now: datetime) -> None:
        """Goes on to the next stage; the one before it ends at the same moment.

        Args:
            secondary: The stage.
            message: For ``StatusMessage``.
            now: The time.
        """
        moment = int(now.timestamp() * 1000)
        past = [dict(transition) for transition in self.transitions]
        if past:
            past[-1].setdefault("EndTime", moment)
        entered = {"Status": secondary.value, "StartTime": moment, "StatusMessage": message}
        self.transitions = [*past, entered]
        self.secondary_status = secondary
        self.modified = now

    def finish(self, status: JobStatus, secondary: SecondaryStatus, message: str, now: datetime) -> None:
        """Comes to an end.

        Args:
            status: A final status.
            secondary: The stage of the same meaning.
            message: For ``StatusMessage``; of a failed job also its ``FailureReason``.
            now: The time.
        """
        self.enter(secondary, message, now)
        self.transitions[-1]["EndTime"] = int(now.timestamp() * 1000)
        self.status, self.ended = status, now
        if status is JobStatus.FAILED:
            self.failure_reason = message

    def begin_again(self, now: datetime) -> None:
        """Forgets how far it came: the server ended while it was running."""
        self.transitions, self.started, self.artifacts = [], None, None
        self.enter(SecondaryStatus.STARTING, "Starting the job again: the server was restarted", now)


def find_job(session: Session, kind: JobKind, name: str) -> Job | None:
    """The job of that kind and name; None without one."""
    return session.get(Job, (kind.value, name))


def unfinished_jobs(session: Session) -> list[Job]:
    """Every job that is not in a final status, oldest first."""
    open_statuses = [status.value for status in JobStatus if not status.is_final]
    return list(session.scalars(select(Job).where(Job.status.in_(open_statuses)).order_by(Job.created)))
