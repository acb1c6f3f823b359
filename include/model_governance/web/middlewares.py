"""What stands before the routes of Airflow's web server, as the plugin declares it."""

from __future__ import annotations

from typing import Any

from airflow.configuration import conf

from model_governance.web.marks import MarkMiddleware
from model_governance.web.one_writer import OneWriterMiddleware
from model_governance.web.orders import OrderMiddleware


def root_middlewares() -> list[dict[str, Any]]:
    """The middlewares, the innermost first: next to the routes the turns of SQLite's writers, where it has any."""
    marks = {"name": "Marks on gates are decisions", "middleware": MarkMiddleware}
    orders = {"name": "Orders for production are on record", "middleware": OrderMiddleware}
    one_writer = {"name": "SQLite has one writer at a time", "middleware": OneWriterMiddleware}
    in_sqlite = conf.get_mandatory_value("database", "sql_alchemy_conn").startswith("sqlite")
    return [*([one_writer] if in_sqlite else []), marks, orders]
