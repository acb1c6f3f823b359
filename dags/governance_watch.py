"""
### What time brings about at the gates

1. **Tell deciders**: whoever may decide a waiting gate is reminded after the policy's hours, and deputies are told
   after its limit. A notice that could not be sent before is sent now.
2. **Tell owners**: what serves although its approval has run out is flagged, and its owner told.
3. **Settle deployments**: a deployment that nobody has gone on with for an hour is rolled back.
4. **Publish heads**: the head of a ledger that was not published when its entry was made is published now; a ledger
   that ends before a published head fails the task.

Each notice goes out once by each channel (`MODEL_GOVERNANCE_NOTIFY`), however often this runs.
"""

from airflow.sdk import DAG

from model_governance.stages.watch import (
    EVERY_QUARTER_HOUR,
    SINCE,
    WATCH_DEFAULTS,
    publish_heads,
    settle_deployments,
    tell_deciders,
    tell_owners,
)

with DAG(
    dag_id="governance_watch",
    dag_display_name="Governance watch",
    description="Reminders and escalations at waiting gates; endpoints whose approval has run out.",
    doc_md=__doc__,
    schedule=EVERY_QUARTER_HOUR,
    start_date=SINCE,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    default_args=WATCH_DEFAULTS,
    tags=["model governance"],
):
    tell_deciders()
    tell_owners()
    settle_deployments()
    publish_heads()
