"""What Search shows of changes that are committed late: on SQLite and, where it is installed, on PostgreSQL."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text
from tests.sagemaker_server.running_postgres import postgres_is_there, running_postgres
from tests.sagemaker_server.running_server import RunningServer, running_server

from model_governance.hooks.changes import RegistryChanges
from model_governance.hooks.model_cards import ModelCards
from model_governance.hooks.model_registry import ModelRegistry

_WRITERS = 8
_CHANGES_EACH = 15


def changes_of(sagemaker: Any) -> RegistryChanges:
    return RegistryChanges(ModelRegistry(sagemaker), ModelCards(sagemaker))


def new_cards(sagemaker: Any, new_name: Callable[[], str], count: int) -> list[str]:
    names = [new_name() for _ in range(count)]
    for name in names:
        sagemaker.create_model_card(ModelCardName=name, Content="{}", ModelCardStatus="Draft")
    return names


def arn_of(sagemaker: Any, name: str) -> str:
    return str(sagemaker.describe_model_card(ModelCardName=name)["ModelCardArn"])


def test_no_change_of_many_writers_at_once_appears_behind_one_already_shown(
    sagemaker: Any, new_name: Callable[[], str]
) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    names = new_cards(sagemaker, new_name, _WRITERS)
    ended = threading.Event()

    def write(name: str) -> None:
        for number in range(_CHANGES_EACH):
            sagemaker.update_model_card(
                ModelCardName=name, Content=json.dumps({"intended_uses": {"purpose_of_model": f"the {number}th"}})
            )

    def shown() -> Iterator[tuple[datetime, str]]:
        found = sagemaker.search(
            Resource="ModelCard",
            SearchExpression={
                "Filters": [
                    {
                        "Name": "LastModifiedTime",
                        "Operator": "GreaterThanOrEqualTo",
                        "Value": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    }
                ]
            },
            MaxResults=100,
        )["Results"]
        yield from ((each["ModelCard"]["LastModifiedTime"], each["ModelCard"]["ModelCardName"]) for each in found)

    def watch() -> list[tuple[datetime, datetime]]:
        behind: list[tuple[datetime, datetime]] = []
        seen: set[tuple[datetime, str]] = set()
        newest = since
        while not ended.is_set():
            fresh = {each for each in shown() if each[1] in names} - seen
            behind += [(modified, newest) for modified, _ in fresh if modified < newest]
            seen |= fresh
            newest = max([newest, *(modified for modified, _ in seen)])
        return behind

    with ThreadPoolExecutor(_WRITERS + 1) as pool:
        watching = pool.submit(watch)
        try:
            list(pool.map(write, names))
        finally:
            ended.set()
    assert watching.result() == []


@contextmanager
def late_change(url: str, name: str, status: str) -> Iterator[Connection]:
    """A transaction that has set a card's status and time of change, past the server and its lock, not committed."""
    with create_engine(url).connect() as connection:
        at = int(datetime.now(UTC).timestamp() * 1000)
        asked = {"status": status, "at": at, "name": name}
        for table, key in (("model_card", "name"), ("model_card_version", "card_name")):
            connection.execute(text(f"UPDATE {table} SET status=:status, modified_at=:at WHERE {key}=:name"), asked)  # noqa: S608
        yield connection


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, str]]:
    if not postgres_is_there():
        pytest.skip("PostgreSQL is not installed")
    home = tmp_path_factory.mktemp("postgres") / "home"
    with running_postgres() as url, running_server(home, SAGEMAKER_SERVER_DATABASE_URL=url) as server:
        yield server, url


@pytest.mark.postgres
def test_a_transaction_that_began_before_and_ends_after_a_change_already_polled_is_seen(
    on_postgres: tuple[RunningServer, str],
) -> None:
    server, url = on_postgres
    sagemaker = server.client("sagemaker")
    for name in ("late", "prompt"):
        sagemaker.create_model_card(ModelCardName=name, Content="{}", ModelCardStatus="Draft")
    changes = changes_of(sagemaker)
    changes.poll()
    with late_change(url, "late", "Approved") as transaction:
        sagemaker.update_model_card(ModelCardName="prompt", ModelCardStatus="PendingReview")
        polled = changes.poll()
        assert [change.subject for change in polled] == [arn_of(sagemaker, "prompt")]
        assert changes.poll() == ()
        transaction.commit()
    (seen,) = changes.poll()
    assert (seen.subject, seen.statuses) == (arn_of(sagemaker, "late"), ("Approved",))
    assert seen.modified < polled[0].modified
    assert changes.poll() == ()
