"""What Airflow loads of the process: marks on waiting gates become decisions, and its pages say what came of them."""

from airflow.plugins_manager import AirflowPlugin

from model_governance.web.marks import MarkMiddleware
from model_governance.web.pages import ANSWERS, FILES


class ModelGovernancePlugin(AirflowPlugin):
    """Declares what Airflow's web server adds."""

    name = "model_governance"
    fastapi_root_middlewares = [{"name": "Marks on gates are decisions", "middleware": MarkMiddleware}]
    fastapi_apps = [FILES]
    react_apps = [ANSWERS]
