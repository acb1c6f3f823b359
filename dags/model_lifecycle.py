"""
### From a use case to a model in production

1. **Use-case approval**: the declaration becomes a model card, its risk is computed, a person approves it.
2. **Data quality**: the data set is frozen, validated and measured for bias; the candidate is on record.
3. **Training**: a training job trains the candidate.
4. **Bias evaluation**: it predicts rows it has never seen; quality and bias of its predictions are judged.
5. **Governance approval**: with the evidence complete, a governance officer approves the version.
6. **Test deployment**: it is served from a test endpoint and validated there.
7. **Production approval**: another person approves it for production.
8. **Production deployment**: all gates are opened again, it is served, asked, and on record.

A task called `wait` waits for a person. Mark it *success* to approve or *failed* to reject, with a note as the comment;
`model-governance approve` and `reject` do the same. Who may, and on which evidence, is policy.
"""

from airflow.sdk import DAG, chain

from model_governance.stages.bias_evaluation import bias_evaluation
from model_governance.stages.data_quality import data_quality
from model_governance.stages.declared import TASK_DEFAULTS, declared_since, run_form, schedule_of, use_cases
from model_governance.stages.governance_approval import governance_approval
from model_governance.stages.production_approval import production_approval
from model_governance.stages.production_deployment import production_deployment
from model_governance.stages.test_deployment import test_deployment
from model_governance.stages.training import training
from model_governance.stages.use_case_approval import use_case_approval

for use_case in use_cases():
    name = use_case.name
    with DAG(
        dag_id=f"model_lifecycle.{name}",
        dag_display_name=use_case.title,
        description=use_case.purpose,
        doc_md=__doc__,
        schedule=schedule_of(use_case),
        start_date=declared_since(use_case),
        catchup=False,
        max_active_runs=4,
        params=run_form(use_case),
        default_args={**TASK_DEFAULTS, "owner": use_case.owner},
        tags=["model lifecycle"],
    ):
        chain(
            use_case_approval(name),
            data_quality(name),
            training(name),
            bias_evaluation(name),
            governance_approval(name),
            test_deployment(name),
            production_approval(name),
            production_deployment(name),
        )
