"""
### What serves in production, in people's hands

Trigger it with its form: **stop** takes an endpoint out of service, **resume** ends that, **roll_back** has an
earlier version serve again, **retire** ends a use case. Who may do which is policy (`operations` in `policy.yaml`),
held against whoever triggers the run; every one is entered in the ledger with the reason.

A stop in an emergency is quicker from the command line, which needs no Airflow: `model-governance stop <use case>`.
"""

from airflow.sdk import DAG

from model_governance.stages.production_control import CONTROL_DEFAULTS, SINCE, carry_out, control_form

with DAG(
    dag_id="production_control",
    dag_display_name="Production control",
    description="Stop, resume, roll back or retire what serves, by whom the policy lets.",
    doc_md=__doc__,
    schedule=None,
    start_date=SINCE,
    catchup=False,
    max_active_runs=4,
    params=control_form(),
    default_args=CONTROL_DEFAULTS,
    tags=["model governance"],
):
    carry_out()
