"""
### A model in production, watched

1. **Collect**: every window that has ended and is on no record, missed ones too; and those whose ground truth has come
   or changed since. What each is made of is fixed.
2. **Assess**: its traffic is held to the baselines registered on the version that served it: quality and drift of the
   data, quality and bias of the predictions, the use case's own numbers.
3. **Record**: report, time series, ledger, lineage and card.
4. **Open findings**: one for each breach, however many windows show it; its owner is told, the version put to review.
5. **Retrain**: where the use case declares so, a breach that stands starts a run of the lifecycle, up to its gates.

A run without a window to look at is skipped and says why; a window without enough data does not pass. By the form of a
run, windows are assessed that nobody looked at, or anew. `model-governance monitoring <use case>` shows the results.
"""

from airflow.sdk import DAG, chain

from model_governance.stages.declared import declared_since
from model_governance.stages.monitoring import (
    MONITORING_DEFAULTS,
    assess,
    collect,
    monitored_use_cases,
    open_findings,
    outcome,
    record,
    window_form,
    window_schedule,
)
from model_governance.stages.retraining import retrain

for use_case in monitored_use_cases():
    name = use_case.name
    with DAG(
        dag_id=f"model_monitoring.{name}",
        dag_display_name=f"{use_case.title}: monitoring",
        description=f"What {name} answers in production, held to its version's baselines.",
        doc_md=__doc__,
        schedule=window_schedule(use_case),
        start_date=declared_since(use_case),
        catchup=False,
        max_active_runs=1,
        params=window_form(),
        default_args={**MONITORING_DEFAULTS, "owner": use_case.owner},
        tags=["model monitoring"],
    ):
        steps = [collect(name), assess(name), record(name), open_findings(name), retrain(name)]
        chain(*steps)
        chain(steps, outcome())
