"""The plugin as Airflow loads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from model_governance.web.marks import MarkMiddleware
from model_governance.web.one_writer import OneWriterMiddleware
from model_governance.web.orders import OrderMiddleware
from model_governance.web.pages import ANSWERS, FILES
from model_governance.web.routes import API

PLUGINS = Path(__file__).parents[2] / "plugins"


def loaded_plugin() -> Any:
    from airflow._shared.plugins_manager import _load_plugins_from_plugin_directory

    plugins, errors = _load_plugins_from_plugin_directory(str(PLUGINS))
    assert errors == {}
    [plugin] = plugins
    return plugin


def test_airflow_finds_one_plugin_with_its_routes_and_pages() -> None:
    plugin = loaded_plugin()
    assert (plugin.fastapi_apps, plugin.react_apps) == ([FILES, API], [ANSWERS])


@pytest.mark.parametrize(
    ("database", "middlewares"),
    [
        ("sqlite:////tmp/airflow.db", [OneWriterMiddleware, MarkMiddleware, OrderMiddleware]),
        ("postgresql+psycopg2://airflow@database/airflow", [MarkMiddleware, OrderMiddleware]),
    ],
)
def test_marks_and_orders_pass_their_middlewares_and_sqlites_writers_take_turns(
    database: str, middlewares: list[type], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", database)
    assert [each["middleware"] for each in loaded_plugin().fastapi_root_middlewares] == middlewares
