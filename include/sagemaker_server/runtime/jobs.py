"""Jobs as they run: taken from a queue by a few threads, each step recorded, stopped when asked, begun again after a
restart. What a kind of job does is in ``training`` and ``transform``."""

from __future__ import annotations

import logging
import queue
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sagemaker_server.runtime.launching import GRACE, Child, Workload
from sagemaker_server.runtime.objects import Objects
from sagemaker_server.settings import Settings
from sagemaker_server.storage.database import Database, present
from sagemaker_server.storage.jobs import Job, JobKind, JobStatus, SecondaryStatus, find_job
from sagemaker_server.storage.patience import patient

AT_ONCE = 2
LONGEST_REASON = 1024
STOPPED = "The job was stopped"

_log = logging.getLogger(__name__)


class JobFailed(Exception):
    """The job cannot go on; the message is its ``FailureReason``."""


class JobStopped(Exception):
    """The job was asked to stop, or its time is over."""

    def __init__(self, secondary: SecondaryStatus, message: str) -> None:
        super().__init__(message)
        self.secondary = secondary


class _ServerStops(Exception):
    """The server ends; the job stays in progress and is begun again with the next one."""


class Stoppable(Protocol):
    """What a stop of the job must reach."""

    def stop(self, grace: float = ...) -> None:
        """Asks it to end."""

    def kill(self) -> None:
        """Ends it."""


@dataclass
class Run:
    """One job while it runs: what it needs, and how it says how far it is.

    Attributes:
        kind: The job's kind.
        name: The job's name.
        folder: Its folder, removed when it ends.
        settings: The installation.
        objects: The store.
        database: Where its progress goes.
        grace: Seconds between SIGTERM and SIGKILL.
    """

    kind: JobKind
    name: str
    folder: Path
    settings: Settings
    objects: Objects
    database: Database
    grace: float = GRACE
    _stop_asked: threading.Event = field(default_factory=threading.Event)
    _server_stops: threading.Event = field(default_factory=threading.Event)
    _has_begun: bool = False
    _child: Stoppable | None = None
    _holding: threading.Lock = field(default_factory=threading.Lock)

    def job(self) -> Job:
        """The job as it is stored now."""
        with self.database.reading() as session:
            job = find_job(session, self.kind, self.name)
        if job is None:
            raise JobFailed("InternalServerError: the job is no longer on record")
        return job

    @patient
    def change(self, apply: Callable[[Job], None]) -> None:
        """Applies a change to the stored job, in a transaction of its own; an outage of the database is waited out."""
        with self.database.writing() as session:
            job = find_job(session, self.kind, self.name)
            if job is not None:
                apply(job)

    def enter(self, secondary: SecondaryStatus, message: str) -> None:
        """Records the next stage, unless the job is to stop.

        Raises:
            JobStopped: It is.
        """
        self.check()

        def apply(job: Job) -> None:
            if job.status == JobStatus.IN_PROGRESS:
                job.enter(secondary, message, present())

        self.change(apply)

    def check(self) -> None:
        """Stands at every point where a job may be left off.

        Raises:
            JobStopped: The job was asked to stop.
        """
        if self._server_stops.is_set():
            raise _ServerStops
        if self._stop_asked.is_set():
            raise JobStopped(SecondaryStatus.STOPPED, STOPPED)

    def start(self, workload: Workload) -> Child:
        """Starts a child that a stop of the job reaches.

        Raises:
            JobStopped: The job was asked to stop before.
        """
        with self._holding:
            self.check()
            self._child = child = Child(workload)
            return child

    def hold(self, held: Stoppable) -> None:
        """Lets a stop of the job reach something that is not a child itself.

        Raises:
            JobStopped: The job was asked to stop before.
        """
        with self._holding:
            self.check()
            self._child = held

    def begin(self) -> bool:
        """Leaves the queue; whether the job is still wanted."""
        with self._holding:
            self._has_begun = True
            return not self._stop_asked.is_set()

    def ask_to_stop(self) -> None:
        """Passes on that the job should stop; returns at once. One that has not begun has stopped by that."""
        with self._holding:
            self._stop_asked.set()
            if self._child is not None:
                self._child.stop(self.grace)
            if not self._has_begun:
                stopped = (JobStatus.STOPPED, SecondaryStatus.STOPPED, STOPPED)
                self.change(lambda job: _end(job, *stopped, {}))

    def end_with_server(self) -> None:
        """Ends the job's child without a word in the record."""
        with self._holding:
            self._server_stops.set()
            if self._child is not None:
                self._child.kill()


Perform = Callable[[Run, Job], dict[str, Any]]


class Jobs:
    """The queue of jobs and the threads that run them."""

    def __init__(self, settings: Settings, database: Database, objects: Objects, performers: dict[JobKind, Perform]):
        self._settings, self._database, self._objects = settings, database, objects
        self._performers = performers
        self._waiting: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._runs: dict[tuple[JobKind, str], Run] = {}
        self._changing = threading.Lock()
        self._threads = [threading.Thread(target=self._work, name=f"jobs {n}", daemon=True) for n in range(AT_ONCE)]

    def start(self) -> None:
        """Starts the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends every running job's child and the threads; what was in progress stays so in the record."""
        with self._changing:
            runs = list(self._runs.values())
        for run in runs:
            run.end_with_server()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def submit(self, kind: JobKind, name: str) -> None:
        """Puts a job that is on record into the queue."""
        folder = self._settings.home / "jobs" / kind / name
        run = Run(kind, name, folder, self._settings, self._objects, self._database)
        with self._changing:
            self._runs[kind, name] = run
        self._waiting.put(run)

    def ask_to_stop(self, kind: JobKind, name: str) -> None:
        """Asks a job to stop, whether it is waiting or running; returns at once."""
        with self._changing:
            run = self._runs.get((kind, name))
        if run is not None:
            run.ask_to_stop()

    def _work(self) -> None:
        while (run := self._waiting.get()) is not None:
            try:
                if run.begin():
                    self._perform(run)
            except _ServerStops:
                continue
            except Exception:  # the thread must live on; the job is begun again with the next start
                _log.exception("%s job %s could not be recorded", run.kind, run.name)
            finally:
                with self._changing:
                    self._runs.pop((run.kind, run.name), None)
                shutil.rmtree(run.folder, ignore_errors=True)

    def _perform(self, run: Run) -> None:
        """Runs a job and records how it ended."""
        status, secondary, results = JobStatus.COMPLETED, SecondaryStatus.COMPLETED, {}
        message = f"{run.kind.capitalize()} job completed"
        try:
            run.check()
            shutil.rmtree(run.folder, ignore_errors=True)
            run.folder.mkdir(parents=True)
            results = self._performers[run.kind](run, run.job())
        except JobStopped as stop:
            status, secondary, message = JobStatus.STOPPED, stop.secondary, str(stop)
        except JobFailed as failure:
            status, secondary, message = JobStatus.FAILED, SecondaryStatus.FAILED, str(failure)
        except _ServerStops:
            raise
        except Exception as fault:
            _log.exception("%s job %s failed within the server", run.kind, run.name)
            message = f"InternalServerError: {type(fault).__name__}: {fault}"
            status, secondary = JobStatus.FAILED, SecondaryStatus.FAILED
        if run._server_stops.is_set():
            raise _ServerStops
        run.change(lambda job: _end(job, status, secondary, message, results))


def _end(job: Job, status: JobStatus, secondary: SecondaryStatus, message: str, results: dict[str, Any]) -> None:
    """Records the end; a job that was being stopped is stopped, even if it came to its own end meanwhile."""
    if job.status == JobStatus.STOPPING:
        status, secondary, message = JobStatus.STOPPED, SecondaryStatus.STOPPED, STOPPED
    for name, value in results.items():
        setattr(job, name, value)
    job.finish(status, secondary, reason_of(message), present())


def reason_of(message: str) -> str:
    """A failure reason as it can be kept: bounded, and without NUL, which PostgreSQL has no place for."""
    return message.replace("\0", "")[:LONGEST_REASON]
