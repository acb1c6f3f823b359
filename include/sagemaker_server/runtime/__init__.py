"""What really runs: jobs and endpoints, apart from the records of them."""

from __future__ import annotations

from sagemaker_server.settings import Settings
from sagemaker_server.storage.database import Database


class Runtime:
    """Runs jobs and endpoints while the server lives."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database

    def start(self) -> None:
        """Take up what was running when the server ended."""

    def stop(self) -> None:
        """End every child process."""
