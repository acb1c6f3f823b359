"""Several writers of one SQLite file: each waits for the other instead of failing, also after it has read."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from stack.credentials import make_credentials
from stack.environment import Program, environment_of
from stack.settings import Settings
from stack.sqlite_writers import CONNECT_ARGS


def write_after_reading(path: Path, connect_args: dict[str, object]) -> None:
    """Reads, lets somebody else write, then writes: what a request of Airflow's API does on a busy machine."""
    other = sqlite3.connect(path, check_same_thread=False)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("CREATE TABLE runs (id TEXT)")
    other.execute("INSERT INTO runs VALUES ('first'), ('second')")
    other.commit()
    engine = create_engine(f"sqlite:///{path}", connect_args=connect_args)
    with engine.connect() as connection:
        connection.execute(text("UPDATE runs SET id = id"))
        later = threading.Timer(0.2, other.execute, ("INSERT INTO runs VALUES ('third')",))
        later.start()
        connection.commit()
        later.join()
        waiting = threading.Timer(0.3, other.commit)
        waiting.start()
        connection.execute(text("SELECT id FROM runs")).fetchone()
        connection.execute(text("INSERT INTO runs VALUES ('fourth')"))
        connection.commit()
        waiting.join()
    engine.dispose()
    assert len(other.execute("SELECT id FROM runs").fetchall()) == 4
    other.close()


def test_a_writer_waits_for_another(tmp_path: Path) -> None:
    write_after_reading(tmp_path / "waits.db", CONNECT_ARGS)


def test_it_would_not_without_patience(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="database is locked"):
        write_after_reading(tmp_path / "fails.db", {"timeout": 0.05})


@pytest.mark.parametrize("program", [Program.API_SERVER, Program.SCHEDULER, Program.TRIGGERER])
def test_only_sqlite_gets_arguments_of_sqlite(program: Program, tmp_path: Path) -> None:
    def given(**variables: str) -> set[str]:
        settings = Settings.from_environment({"MODEL_GOVERNANCE_HOME": str(tmp_path), **variables})
        make_credentials(settings)
        return {name for name in environment_of(program, settings) if "CONNECT_ARGS" in name}

    assert len(given()) == 2
    assert not given(MODEL_GOVERNANCE_DATABASE_URL="postgresql+psycopg2://airflow@database/airflow")
