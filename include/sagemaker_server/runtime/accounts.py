"""The accounts of the installation: each with a database, a home and a runtime of its own, which no other can see.

Nothing that is stored says whose it is, because no account's database holds another's: a list cannot leave out the
condition that it be the caller's own. What an account lets others see, it is asked for by name, policy first.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from sagemaker_server.runtime import Runtime
from sagemaker_server.settings import Settings
from sagemaker_server.signature import Principals
from sagemaker_server.storage.database import Database
from sagemaker_server.storage.owner import claim_for


@dataclass(frozen=True)
class Account:
    """One account.

    Attributes:
        settings: The installation as the account has it.
        database: What is stored.
        runtime: Its jobs and endpoints.
    """

    settings: Settings
    database: Database
    runtime: Runtime


@dataclass(frozen=True)
class Accounts:
    """All accounts, by number.

    Attributes:
        principals: Who signs, in whichever account.
        by_number: The accounts; 12 digits each.
    """

    principals: Principals
    by_number: Mapping[str, Account]

    @classmethod
    def open(cls, settings: Settings, principals: Principals) -> Accounts:
        """The accounts of those principals, each with its database made ready.

        Raises:
            ServerMisconfigured: A database is another account's.
        """
        with ExitStack() as opened:
            accounts = {}
            for number in principals.accounts:
                own = settings.of_account(number)
                own.home.mkdir(parents=True, exist_ok=True)
                database = Database(own.database_url)
                opened.callback(database.close)
                database.create_tables()
                claim_for(database, number)
                accounts[number] = Account(own, database, Runtime(own, database))
            opened.pop_all()
            return cls(principals, accounts)

    def find(self, number: str) -> Account | None:
        """The account of that number; None if the installation has none."""
        return self.by_number.get(number)

    def start(self) -> None:
        """Takes up in every account what was running when the server ended.

        Raises:
            ServerMisconfigured: Another server uses the same home.
        """
        with ExitStack() as started:
            for account in self.by_number.values():
                account.runtime.start()
                started.callback(account.runtime.stop)
            started.pop_all()

    def stop(self) -> None:
        """Ends every child process, and closes every database."""
        with ExitStack() as ending:
            for account in self.by_number.values():
                ending.callback(account.database.close)
                ending.callback(account.runtime.stop)
