"""What really runs: jobs and endpoints, apart from the records of them.

``Runtime`` is what operations see. Behind it: ``jobs`` (queue, progress, stop) with ``training`` and ``transform``
(what a job of each kind does, ``batches`` how input is cut); ``endpoints`` (deploy, replace, remove) with
``deployments`` (a configuration's processes) and ``serving`` (one process); ``capture`` (what endpoints were asked and
answered, on its way to the store). They share ``images`` (an environment for
an image), ``containers`` (a model's files), ``objects`` (the store), ``launching`` (child processes), ``sockets`` and
``logs``. ``container`` is what runs inside the children.
"""

from __future__ import annotations

import fcntl
import logging
from typing import IO

from sagemaker_server.errors import ServerMisconfigured
from sagemaker_server.runtime.capture import Captures
from sagemaker_server.runtime.endpoints import Endpoints
from sagemaker_server.runtime.jobs import Jobs, Perform
from sagemaker_server.runtime.launching import kill_leftovers
from sagemaker_server.runtime.objects import Objects
from sagemaker_server.runtime.training import perform_training
from sagemaker_server.runtime.transform import perform_transform
from sagemaker_server.settings import Settings
from sagemaker_server.storage.database import Database, present
from sagemaker_server.storage.jobs import JobKind, JobStatus, SecondaryStatus, unfinished_jobs

_log = logging.getLogger(__name__)


class Runtime:
    """Runs jobs and endpoints while the server lives.

    Attributes:
        settings: The installation.
        database: Where progress is recorded.
        jobs: Training and transform jobs.
        endpoints: Endpoints.
        captures: What endpoints were asked and answered.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        objects = Objects(settings)
        performers: dict[JobKind, Perform] = {JobKind.TRAINING: perform_training, JobKind.TRANSFORM: perform_transform}
        self.jobs = Jobs(settings, database, objects, performers)
        self.endpoints = Endpoints(settings, database, objects)
        self.captures = Captures(settings, objects)
        self._claim: IO[str] | None = None

    def start(self) -> None:
        """Takes up what was running when the server ended: jobs from their start, endpoints as they served.

        Raises:
            ServerMisconfigured: Another server uses the same home.
        """
        self._claim_home()
        leftovers = kill_leftovers(self.settings.home)
        if leftovers:
            _log.warning("%d processes of a former server were still there and have been killed", leftovers)
        self.captures.start()
        self.jobs.start()
        self.endpoints.start()
        for kind, name in self._begin_jobs_again():
            self.jobs.submit(kind, name)

    def stop(self) -> None:
        """Ends every child process; the record stays as it is, so that ``start`` finds it."""
        self.endpoints.stop()
        self.jobs.stop()
        self.captures.stop()
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def _claim_home(self) -> None:
        """Two servers with one home would run each job twice and kill each other's children."""
        self.settings.home.mkdir(parents=True, exist_ok=True)
        claim = (self.settings.home / "runtime.lock").open("w")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
            raise ServerMisconfigured(
                f"another server runs with the home {self.settings.home}; stop it first"
            ) from None
        self._claim = claim

    def _begin_jobs_again(self) -> list[tuple[JobKind, str]]:
        """Jobs that were in progress start over; those that were being stopped have stopped with the server."""
        again: list[tuple[JobKind, str]] = []
        with self.database.writing() as session:
            for job in unfinished_jobs(session):
                if job.status == JobStatus.STOPPING:
                    job.finish(JobStatus.STOPPED, SecondaryStatus.STOPPED, "The job was stopped", present())
                else:
                    job.begin_again(present())
                    again.append((JobKind(job.kind), job.name))
        return again
