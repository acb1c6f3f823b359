"""The engine and its transactions, apart so that durability and locking are decided in one place.

SQLite runs with a write-ahead log and ``synchronous=FULL``: a committed call survives ``kill -9`` and a power cut.
A writing transaction takes the write lock when it begins, so that what it read cannot change under it and the clock
read inside it never runs behind a transaction committed before. PostgreSQL gets the same promise from an advisory lock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Engine, Integer, create_engine, event, text
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateSchema
from sqlalchemy.types import TypeDecorator

from sagemaker_server.settings import SCHEMA_PREFIX

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITERS_LOCK = 0x5347_4D4B  # any constant: names the advisory lock that PostgreSQL writers take
_BUSY_TIMEOUT_MS = 30_000


class Base(DeclarativeBase):
    """Root of the tables; ``Database.create_tables`` makes them all."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC time, kept as whole milliseconds since 1970: exact, ordered and indexed alike in every database."""

    impl = BigInteger().with_variant(Integer(), "sqlite")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        """Milliseconds from an aware time, rounded down."""
        return None if value is None else (value - _EPOCH) // timedelta(milliseconds=1)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        """An aware UTC time from milliseconds."""
        return None if value is None else _EPOCH + timedelta(milliseconds=value)


def present() -> datetime:
    """The present time, aware UTC, cut to whole milliseconds as stored and as SageMaker answers."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Database:
    """An engine with its two kinds of transaction: ``reading`` and ``writing``."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._is_sqlite = self.engine.dialect.name == "sqlite"
        # SQLite's readers see one state anyway.
        self._reading_engine = (
            self.engine if self._is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._writers = threading.Lock()

    def create_tables(self) -> None:
        """Create the schema and the tables that are not there; others stay as they are."""
        with self.engine.begin() as connection:
            schema = self._schema()
            if schema is not None:
                connection.execute(CreateSchema(schema, if_not_exists=True))
            Base.metadata.create_all(connection)

    def _schema(self) -> str | None:
        """The PostgreSQL schema of an account's own, which the address names; None where it names none."""
        _, found, schema = str(self.engine.url.query.get("options", "")).partition(f"search_path={SCHEMA_PREFIX}")
        return f"{SCHEMA_PREFIX}{schema}" if found else None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database; nothing it changes is kept."""
        with Session(self._reading_engine, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session holding the write lock; committed (and on disk) when the block ends, undone when it raises."""
        with self._writers, self.engine.connect() as connection:
            writing = connection.execution_options(sagemaker_server_writing=True)
            with Session(writing, expire_on_commit=False) as session, session.begin():
                if not self._is_sqlite:
                    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITERS_LOCK})
                yield session

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=20, max_overflow=40)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=20,
        max_overflow=60,
        connect_args={"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: _begin_sqlite does
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-16000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("sagemaker_server_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
