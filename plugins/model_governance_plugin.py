"""What Airflow loads of the process: the middleware that makes a mark on a gate a decision, and what it is told of."""

from airflow.plugins_manager import AirflowPlugin

from model_governance.listeners import starting
from model_governance.web.marks import MarkMiddleware


class ModelGovernancePlugin(AirflowPlugin):
    """Declares what Airflow's web server adds, and who is told when a component starts."""

    name = "model_governance"
    fastapi_root_middlewares = [{"name": "Marks on gates are decisions", "middleware": MarkMiddleware}]
    listeners = [starting]
