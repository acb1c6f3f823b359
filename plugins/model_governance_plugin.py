"""What Airflow loads: marks that are decisions, routes to gates, pages that say what came of them, who is told."""

from airflow.plugins_manager import AirflowPlugin

from model_governance.listeners import starting
from model_governance.web.middlewares import root_middlewares
from model_governance.web.pages import ANSWERS, FILES
from model_governance.web.routes import API


class ModelGovernancePlugin(AirflowPlugin):
    """Declares what Airflow's web server adds, and who is told when a component starts."""

    name = "model_governance"
    fastapi_root_middlewares = root_middlewares()
    fastapi_apps = [FILES, API]
    react_apps = [ANSWERS]
    listeners = [starting]
