"""What every task starts from, on the real registry and ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.model_governance.decisions.conftest import Case, case

from model_governance.domain.canonical import digest
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.errors import RecordMissing, UseCaseInvalid
from model_governance.hooks.model_registry import StageStatus
from model_governance.operators.endpoint import config_name, endpoint_name, note_stage
from model_governance.operators.run import Run
from model_governance.operators.training import training_request
from model_governance.operators.transform import holdout_batch, transform_request

__all__ = ["case"]


def run_of(case: Case, **parameters: Any) -> Run:
    declared = case.pipeline.use_case(case.name)
    return Run(case.pipeline, declared, case.run_id, started_by="data-scientist", parameters=parameters)


def test_a_run_is_started_by_a_person_a_stranger_or_nobody(case: Case) -> None:
    run = run_of(case)
    assert run.trainer == "data-scientist"
    assert replace(run, started_by="somebody").trainer == "somebody"
    assert replace(run, started_by="").trainer == ""


def test_a_run_without_a_candidate_says_what_to_clear(case: Case) -> None:
    assert run_of(case).find_candidate() is None
    with pytest.raises(RecordMissing, match=r"clear data_quality\.register_candidate"):
        _ = run_of(case).candidate


def test_the_same_record_is_entered_once(case: Case) -> None:
    run = run_of(case)
    first = run.enter(EntryKind.FAILURE, "arn", {"run_id": "manual__1", "reason": "broken"})
    again = run.enter(EntryKind.FAILURE, "arn", {"run_id": "manual__1", "reason": "broken"})
    other = run.enter(EntryKind.FAILURE, "arn", {"run_id": "manual__1", "reason": "broken again"})
    assert (again.sequence, other.sequence) == (first.sequence, first.sequence + 1)


def test_the_same_record_is_entered_again_after_a_clean_up(case: Case) -> None:
    run = run_of(case)
    first = run.enter(EntryKind.FAILURE, "arn", {"reason": "broken"})
    run.enter(EntryKind.CLEAN_UP, case.name, {})
    assert run.enter(EntryKind.FAILURE, "arn", {"reason": "broken"}).sequence == first.sequence + 2


def test_a_runs_hyperparameters_take_the_place_of_the_declared_ones(case: Case) -> None:
    case.edit_declaration(training={"image": "image:1", "hyperparameters": {"rounds": 10, "depth": 2}})
    trained = run_of(case, hyperparameters={"rounds": 20}).trained_as
    assert trained.training.hyperparameters == {"rounds": 20, "depth": 2}
    assert run_of(case, hyperparameters={}).trained_as == run_of(case).use_case


@pytest.mark.parametrize("given", [{"rounds": [1, 2]}, {"rounds": None}, ["rounds"], "rounds"])
def test_what_is_no_hyperparameter_is_refused(case: Case, given: Any) -> None:
    with pytest.raises(UseCaseInvalid, match="hyperparameters"):
        _ = run_of(case, hyperparameters=given).trained_as


def test_jobs_follow_from_declaration_and_run_alone(case: Case) -> None:
    case.approve_use_case()
    arn = case.candidate()
    case.pipeline.registry.update_metadata(arn, {"code_uri": "s3://model-governance/code.tar.gz"})
    run = run_of(case)
    training = training_request(run, run.job_name)
    assert training["HyperParameters"]["sagemaker_program"] == '"train.py"'
    assert training["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"].endswith("/train.csv")
    assert digest(training) == digest(training_request(run_of(case), run.job_name))
    transform = transform_request(run, holdout_batch(run), run.job_name)
    assert transform["Model"]["PrimaryContainer"]["ModelDataUrl"] == case.package(arn).model_data_url
    assert "ModelPackageName" not in transform["Model"]["PrimaryContainer"]
    assert transform["Transform"]["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"].endswith("/holdout.csv")


def test_a_deployment_is_noted_and_never_set_back(case: Case) -> None:
    arn = case.governed()
    run = run_of(case)
    assert endpoint_name(run, Environment.TEST) == f"{case.name}-test"
    assert config_name(run, Environment.PRODUCTION) == f"{case.name}-v1-production"
    note_stage(run, Environment.TEST, StageStatus.DEPLOYED, "validated")
    note_stage(run, Environment.TEST, StageStatus.DEPLOYING, "cleared")
    assert (case.package(arn).stage, case.package(arn).stage_status) == ("Test", "Deployed")
    note_stage(run, Environment.PRODUCTION, StageStatus.DEPLOYED, "serves")
    note_stage(run, Environment.TEST, StageStatus.DEPLOYING, "cleared")
    assert (case.package(arn).stage, case.package(arn).stage_status) == ("Production", "Deployed")
