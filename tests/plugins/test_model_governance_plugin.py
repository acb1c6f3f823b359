"""The plugin as Airflow loads it."""

from __future__ import annotations

from pathlib import Path

from model_governance.web.marks import MarkMiddleware
from model_governance.web.pages import ANSWERS, FILES
from model_governance.web.routes import API

PLUGINS = Path(__file__).parents[2] / "plugins"


def test_airflow_finds_one_plugin_with_the_middleware() -> None:
    from airflow._shared.plugins_manager import _load_plugins_from_plugin_directory

    plugins, errors = _load_plugins_from_plugin_directory(str(PLUGINS))
    assert errors == {}
    [plugin] = plugins
    assert [each["middleware"] for each in plugin.fastapi_root_middlewares] == [MarkMiddleware]
    assert (plugin.fastapi_apps, plugin.react_apps) == ([FILES, API], [ANSWERS])
