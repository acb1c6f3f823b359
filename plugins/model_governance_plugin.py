"""What Airflow loads of the process: marks that are decisions, pages that say what came of them, who is told."""

from airflow.plugins_manager import AirflowPlugin

from model_governance.listeners import starting
from model_governance.web.marks import MarkMiddleware
from model_governance.web.pages import ANSWERS, FILES


class ModelGovernancePlugin(AirflowPlugin):
    """Declares what Airflow's web server adds, and who is told when a component starts."""

    name = "model_governance"
    fastapi_root_middlewares = [{"name": "Marks on gates are decisions", "middleware": MarkMiddleware}]
    fastapi_apps = [FILES]
    react_apps = [ANSWERS]
    listeners = [starting]
