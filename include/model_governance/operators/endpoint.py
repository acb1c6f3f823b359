"""Deploys a candidate to an endpoint; a class because it waits, and opens the gate itself before anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.amazon.aws.operators.sagemaker import SageMakerEndpointOperator
from airflow.sdk.exceptions import AirflowException

from model_governance.decisions.open import open_gate
from model_governance.decisions.record import since_clean_up
from model_governance.domain.decision import Gate
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.errors import GateClosed
from model_governance.hooks.aws import PIPELINE_CONNECTION, calling, connection_of
from model_governance.hooks.model_registry import PRODUCTION_STAGE, StageStatus
from model_governance.operators.refusals import refusals_end_the_task
from model_governance.operators.run import Run, current_run, job_poll_seconds
from model_governance.triggers.job import EndpointTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

_LONGEST_SECONDS = 3600


_GATES = {Environment.TEST: Gate.GOVERNANCE, Environment.PRODUCTION: Gate.PRODUCTION}


class EndpointOperator(SageMakerEndpointOperator):
    """Serves the run's candidate from the use case's endpoint, deferred; what is served already is left alone.

    It believes no task before it: the gate is opened again here, with everything read afresh.

    Args:
        use_case: The use case's name.
        environment: Test or production.
    """

    template_fields = ()

    def __init__(self, *, use_case: str, environment: Environment, **kwargs: Any) -> None:
        super().__init__(
            config={},
            aws_conn_id=PIPELINE_CONNECTION,
            deferrable=True,
            check_interval=job_poll_seconds(),
            max_ingestion_time=_LONGEST_SECONDS,
            do_xcom_push=False,
            **kwargs,
        )
        self.use_case = use_case
        self.environment = environment
        self.endpoint_config = ""

    def execute(self, context: Context) -> None:  # type: ignore[override]
        """Opens the gate, then creates or updates the endpoint and waits for it in the triggerer."""
        with refusals_end_the_task():
            self.aws_conn_id = connection_of(self.environment)
            run = current_run(self.use_case, context)
            open_gate(run.installation, _GATES[self.environment], run.name, run_id=run.run_id)
            refuse_superseded(run, self.environment)
            name, endpoints = endpoint_name(run, self.environment), run.installation.endpoints_in(self.environment)
            found = endpoints.find(name)
            if found is not None and found.status == "Failed":
                self.log.warning("endpoint %s has failed (%s): it is made anew", name, found.failure_reason)
                endpoints.delete(name)
                found = None
            self.endpoint_config = config_name(run, self.environment)
            if found is not None and found.status != "InService":
                self._wait_for(name)
            if found is not None and found.config == self.endpoint_config:
                self.log.info("endpoint %s serves %s already", name, found.config)
                return
            note_stage(run, self.environment, StageStatus.DEPLOYING, f"to endpoint {name}")
            self.config = endpoint_request(run, self.environment)
            self.operation = "create" if found is None else "update"
            if found is not None:
                del self.config["Endpoint"]["Tags"]
            with calling("sagemaker", f"{self.operation} endpoint {name}"):
                super().execute(context)

    def defer(self, *, trigger: BaseTrigger, **arguments: Any) -> NoReturn:
        """Waits by the trigger that ends the task itself once the endpoint serves this candidate."""
        fields = trigger.serialize()[1]
        super().defer(trigger=EndpointTrigger(endpoint_config=self.endpoint_config, **fields), **arguments)

    def execute_complete(  # type: ignore[override]
        self, context: Context, event: dict[str, Any] | None = None
    ) -> None:
        """Ends the task by how the endpoint is, if the trigger did not find it as wanted.

        Raises:
            AirflowException: It does not; worth another try.
        """
        with refusals_end_the_task():
            run = current_run(self.use_case, context)
            name = endpoint_name(run, self.environment)
            found = run.installation.endpoints_in(self.environment).describe(name)
            if found.status == "InService" and found.config == config_name(run, self.environment):
                return
            raise AirflowException(
                f"endpoint {name} is {found.status} with {found.config}, not InService with "
                f"{config_name(run, self.environment)}: {found.failure_reason or event}"
            )

    def _wait_for(self, name: str) -> NoReturn:
        self.log.info("endpoint %s is being changed already", name)
        self.defer(
            trigger=EndpointTrigger(
                endpoint_config="",  # whatever it has come to serve, a worker looks again
                job_name=name,
                job_type="endpoint",
                waiter_delay=self.check_interval,
                waiter_max_attempts=_LONGEST_SECONDS // self.check_interval,
                aws_conn_id=self.aws_conn_id,
            ),
            method_name="execute_complete",
        )


def endpoint_name(run: Run, environment: Environment) -> str:
    """Name of a use case's endpoint: its own in production, with ``-test`` in test."""
    return run.name if environment is Environment.PRODUCTION else f"{run.name}-test"


def config_name(run: Run, environment: Environment) -> str:
    """Name of the endpoint configuration that serves the run's candidate."""
    return f"{run.name}-v{run.candidate.version}-{environment.lower()}"


def note_stage(run: Run, environment: Environment, status: StageStatus, description: str) -> None:
    """Notes a deployment in the candidate's life cycle; one that is further on already is not set back."""
    package = run.package()
    if package.stage == PRODUCTION_STAGE and environment is Environment.TEST:
        return
    if (package.stage, package.stage_status) == (environment, StageStatus.DEPLOYED):
        return
    run.installation.registry.set_life_cycle(
        run.candidate.model_package_arn, environment.value, status, f"{description} by run {run.run_id}"
    )


def refuse_superseded(run: Run, environment: Environment) -> None:
    """Raises if a later version has been deployed meanwhile: a cleared task of an old run must not bring it back.

    Raises:
        GateClosed: Names the later version.
    """
    later = [
        int(entry.body["version"])
        for entry in since_clean_up(run.installation.ledger(run.name).entries())
        if entry.kind is EntryKind.DEPLOYMENT and entry.body.get("stage") == environment.value
    ]
    if later and max(later) > run.candidate.version:
        raise GateClosed(
            f"version {run.candidate.version} of {run.name} is not deployed to {environment.lower()}: version "
            f"{max(later)} has been since. Start a new run to go back to an earlier model."
        )


def endpoint_request(run: Run, environment: Environment) -> dict[str, Any]:
    """The provider's configuration of an endpoint; with its model and configuration, unless they are there already."""
    deployment = run.use_case.deployment
    size = deployment.production if environment is Environment.PRODUCTION else deployment.test
    config, model = config_name(run, environment), run.job_name
    endpoints = run.installation.endpoints_in(environment)
    tags = [{"Key": "model-governance:use-case", "Value": run.name}]
    request: dict[str, Any] = {
        "Endpoint": {"EndpointName": endpoint_name(run, environment), "EndpointConfigName": config, "Tags": tags}
    }
    if not endpoints.configs.has_model(model):
        request["Model"] = {
            "ModelName": model,
            "PrimaryContainer": {"ModelPackageName": run.candidate.model_package_arn},
            "ExecutionRoleArn": run.installation.settings.execution_role_in(environment),
            "Tags": tags,
        }
    if not endpoints.configs.exists(config):
        request["EndpointConfig"] = {
            "EndpointConfigName": config,
            "ProductionVariants": [
                {
                    "VariantName": "AllTraffic",
                    "ModelName": model,
                    "InstanceType": size.instance_type,
                    "InitialInstanceCount": size.instance_count,
                }
            ],
            "Tags": tags,
        }
    return request
