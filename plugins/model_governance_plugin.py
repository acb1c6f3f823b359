"""What Airflow loads of the process: the middleware that turns a mark on a waiting gate into a decision."""

from airflow.plugins_manager import AirflowPlugin

from model_governance.web.marks import MarkMiddleware


class ModelGovernancePlugin(AirflowPlugin):
    """Declares what Airflow's web server adds."""

    name = "model_governance"
    fastapi_root_middlewares = [{"name": "Marks on gates are decisions", "middleware": MarkMiddleware}]
