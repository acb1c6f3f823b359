"""Taking down what a use case made: all of it, nobody else's, by whoever may, and what was decided counts no longer."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest
from tests.model_governance.cli.conftest import Command
from tests.model_governance.decisions.conftest import Case

from model_governance.cli import leavings
from model_governance.cli.leavings import Leavings
from model_governance.domain.decision import Gate
from model_governance.domain.deployment import Environment
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.gate import GateState
from model_governance.domain.ledger import EntryKind
from model_governance.errors import GateClosed
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.endpoint_configs import EndpointConfigs

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
ECHO = """
def model_fn(model_dir):
    return None


def predict_fn(data, model):
    return data
"""


def archive(name: str, text: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        member = tarfile.TarInfo(name)
        member.size = len(text.encode())
        packed.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


class Made:
    """What a lifecycle makes beside registry and ledger, under a use case's name and tag."""

    def __init__(self, case: Case, use_case: str) -> None:
        self.known = case.pipeline
        self.client = self.known.clients.client("sagemaker")
        self.use_case = use_case
        self.named: dict[str, Any] = {"Tags": [{"Key": "model-governance:use-case", "Value": use_case}]}

    def served(self, *, endpoint: bool) -> None:
        """A model, a configuration and perhaps an endpoint in the test environment, and a transform's model in ours."""
        role = self.known.settings.execution_role_in(Environment.TEST)
        there = self.known.endpoints_in(Environment.TEST).client
        model = self.known.artifacts.put_once(
            f"use-cases/{self.use_case}/model.tar.gz", archive("code/inference.py", ECHO)
        )
        container = {"Image": IMAGE, "ModelDataUrl": model.uri, "Environment": {"SAGEMAKER_PROGRAM": "inference.py"}}
        name = f"{self.use_case}-0123456789ab"
        there.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role, **self.named)
        ours = {"ModelName": f"{name}-evaluation", "ExecutionRoleArn": self.known.settings.execution_role_arn}
        self.client.create_model(**ours, PrimaryContainer=container, **self.named)
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
        config = f"{self.use_case}-v1-test"
        there.create_endpoint_config(
            EndpointConfigName=config,
            ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}],
            **self.named,
        )
        if endpoint:
            there.create_endpoint(EndpointName=f"{self.use_case}-test", EndpointConfigName=config, **self.named)

    def traced(self) -> None:
        """An artifact and an action of the lineage, the one leading to the other."""
        lineage = self.known.lineage
        uri = self.known.artifacts.uri(f"use-cases/{self.use_case}/model.tar.gz")
        model = lineage.artifact(f"{self.use_case}-0123456789ab-model", "Model", uri)
        endpoint = f"arn:aws:sagemaker:us-east-1:111122223333:endpoint/{self.use_case}"
        action = lineage.action(f"{self.use_case}-0123456789ab-deployment", "ModelDeployment", endpoint)
        lineage.associate(model, action, "ContributedTo")

    def training(self) -> str:
        """A training job that would run for long."""
        name = f"{self.use_case}-0123456789ab"
        source = self.known.artifacts.put_once(
            f"use-cases/{self.use_case}/code.tar.gz", archive("train.py", "import time\n\ntime.sleep(600)\n")
        )
        self.client.create_training_job(
            TrainingJobName=name,
            RoleArn=self.known.settings.execution_role_arn,
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            HyperParameters={
                "sagemaker_program": json.dumps("train.py"),
                "sagemaker_submit_directory": json.dumps(source.uri),
            },
            OutputDataConfig={"S3OutputPath": self.known.artifacts.uri(f"use-cases/{self.use_case}/training/")},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 900},
            **self.named,
        )
        return name


def test_all_that_a_use_case_made_is_gone_and_its_ledger_holds_a_tombstone(case: Case, command: Command) -> None:
    arn = case.produced()
    made = Made(case, case.name)
    made.served(endpoint=True)
    made.traced()
    job = made.training()
    before = case.principal("pipeline").ledger(case.name).entries()
    said = command("caretaker", "clean-up", case.name, "--yes")
    assert said.status == 0, said
    assert Leavings.of(case.principal("admin"), case.name).is_empty
    assert made.client.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] == "Stopped"
    entries = case.principal("pipeline").ledger(case.name).verify()
    assert entries[: len(before)] == before
    [tombstone] = entries[len(before) :]
    assert tombstone.kind is EntryKind.CLEAN_UP
    assert tombstone.body["principal"].endswith("user/caretaker")
    assert tombstone.body["jobs"] == [job]
    assert tombstone.body["endpoints"] == [f"{case.name}-test"]
    assert [package["arn"] for package in tombstone.body["model_packages"]] == [arn]
    assert tombstone.body["card"]["status"] == "Approved"
    assert tombstone.body["objects"] > 0
    again = command("caretaker", "clean-up", case.name, "--yes")
    assert (again.status, again.out) == (0, f"{case.name}: nothing to take down\n")
    assert len(case.principal("pipeline").ledger(case.name).verify()) == len(entries)


def test_another_use_case_whose_name_begins_so_is_left_alone(case: Case, command: Command) -> None:
    case.governed()
    other = Made(case, f"{case.name}-2")
    known = case.pipeline
    known.cards.ensure(other.use_case, {})
    other.served(endpoint=False)
    other.traced()
    before = Leavings.of(case.principal("admin"), other.use_case)
    assert (len(before.models), len(before.configs), len(before.lineage), len(before.objects)) == (2, 1, 2, 1)
    assert command("caretaker", "clean-up", case.name, "--yes").status == 0
    assert Leavings.of(case.principal("admin"), other.use_case) == before


def cut_off_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Lets a step be done, and ends there as a kill would."""
    step: Callable[..., Any] = getattr(owner, name)

    def done_and_dead(*arguments: Any, **named: Any) -> None:
        step(*arguments, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(owner, name, done_and_dead)


STEPS = [
    (EndpointConfigs, "delete"),
    (leavings, "_delete_lineage"),
    (leavings, "_pass_over"),
    (Artifacts, "delete_prefix"),
]


def test_cut_off_at_any_step_it_is_finished_by_doing_it_again(
    case: Case, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.governed()
    made = Made(case, case.name)
    made.served(endpoint=False)
    made.traced()
    for owner, name in STEPS:
        with monkeypatch.context() as patch:
            cut_off_after(patch, owner, name)
            assert command("caretaker", "clean-up", case.name, "--yes").status == 130, name
    said = command("caretaker", "clean-up", case.name, "--yes")
    assert said.status == 0, said
    assert Leavings.of(case.principal("admin"), case.name).is_empty
    assert len(case.entries(EntryKind.CLEAN_UP)) >= len(STEPS)


def test_who_may_not_or_will_not_takes_nothing_down(
    case: Case, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.governed()
    before = Leavings.of(case.principal("admin"), case.name)
    for person in ("data-scientist", "governance-officer", "admin"):
        assert "AccessDenied" in command(person, "clean-up", case.name, "--yes").refusal, person
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert command("caretaker", "clean-up", case.name).status == 1
    assert "there is no use case 'nonsense'" in command("caretaker", "clean-up", "nonsense", "--yes").refusal
    assert Leavings.of(case.principal("admin"), case.name) == before
    assert case.entries(EntryKind.CLEAN_UP) == []


def test_what_was_decided_before_counts_no_longer(case: Case, command: Command) -> None:
    arn = case.produced()
    case.decide(Gate.PRODUCTION, arn)
    case.open(Gate.PRODUCTION)
    assert command("caretaker", "clean-up", case.name, "--yes").status == 0
    case.run_id = "manual__2"
    card = case.card()
    case.request(Gate.USE_CASE)
    assert case.adjudicate(Gate.USE_CASE, card).outcome == "waiting"
    with pytest.raises(GateClosed):
        case.open(Gate.USE_CASE)
    case.decide(Gate.USE_CASE, card)
    arn = case.candidate()
    for gate in (Gate.GOVERNANCE, Gate.PRODUCTION):
        if gate is Gate.PRODUCTION:
            case.gather(arn, EvidenceKind.TEST_VALIDATION)
        case.request(gate)
        assert case.adjudicate(gate, arn).outcome == "waiting"
        with pytest.raises(GateClosed, match=GateState.WAITING):
            case.open(gate)
        case.decide(gate, arn)
    case.open(Gate.PRODUCTION)


def test_a_declaration_approved_before_is_not_approved_any_more(case: Case, command: Command) -> None:
    case.declare()
    case.approve_use_case()
    assert command("caretaker", "clean-up", case.name, "--yes").status == 0
    case.edit_declaration(purpose="Another one.")
    case.run_id = "manual__2"
    case.approve_use_case()
    case.run_id = "manual__1"
    arn = case.candidate()  # of the run that began before the clean-up, by the declaration of that time
    case.request(Gate.GOVERNANCE)
    case.decide(Gate.GOVERNANCE, arn)
    with pytest.raises(GateClosed, match="nobody has approved the use case as it was declared"):
        case.open(Gate.GOVERNANCE)
