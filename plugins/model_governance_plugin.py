"""What Airflow loads: marks that are decisions, routes to gates, pages that say what came of them, who is told."""

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from model_governance.listeners import starting
from model_governance.web.marks import MarkMiddleware
from model_governance.web.one_writer import OneWriterMiddleware
from model_governance.web.pages import ANSWERS, FILES
from model_governance.web.routes import API

_IN_SQLITE = conf.get("database", "sql_alchemy_conn").startswith("sqlite")
_MARKS = {"name": "Marks on gates are decisions", "middleware": MarkMiddleware}
_ONE_WRITER = {"name": "SQLite has one writer at a time", "middleware": OneWriterMiddleware}


class ModelGovernancePlugin(AirflowPlugin):
    """Declares what Airflow's web server adds, and who is told when a component starts."""

    name = "model_governance"
    fastapi_root_middlewares = [_ONE_WRITER, _MARKS] if _IN_SQLITE else [_MARKS]  # the first is the innermost
    fastapi_apps = [FILES, API]
    react_apps = [ANSWERS]
    listeners = [starting]
