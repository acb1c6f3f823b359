"""A use case whose versions really serve: on the real registry, store and endpoints, with models of a few lines."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from tests.model_governance.decisions.conftest import BEFORE_GOVERNANCE, Case, case

from model_governance.domain.candidate import run_key, run_prefix
from model_governance.domain.decision import Gate
from model_governance.domain.deployment import Environment
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.production import Production, read_production
from model_governance.hooks.endpoints import Endpoint
from model_governance.hooks.installation import Installation
from model_governance.serving import smoke
from model_governance.serving.records import note_deployment
from model_governance.serving.rollout import EndpointWait, advance
from model_governance.serving.version import Version
from stack.roles import role_of
from stack.settings import Settings

__all__ = ["case"]

IMAGE = "registry.example/sagemaker-scikit-learn:1.4-2-cpu-py3"
ROWS = ["1", "2", "3"]
PATIENCE_SECONDS = 90

INFERENCE = """
import os, time

def model_fn(model_dir):
    mode, answer = open(os.path.join(model_dir, "model.txt")).read().split()
    if mode == "unable":
        raise RuntimeError("no such weights")
    return mode, answer

def transform_fn(model, body, content_type, accept):
    mode, answer = model
    body = body.decode() if isinstance(body, bytes) else body
    if mode == "slow":
        time.sleep(1.5)
    if mode == "dying":
        os._exit(3)
    if mode != "lax":
        for line in body.splitlines():
            float(line)
    return "".join(answer + "\\n" for line in body.splitlines()), "text/csv"
"""


def archive(mode: str, answer: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in {"model.txt": f"{mode} {answer}", "code/inference.py": INFERENCE}.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


@dataclass
class Plant:
    """A use case in production.

    Attributes:
        case: Its gates.
        answers: What the batch transform predicted, by the candidate's run.
    """

    case: Case
    answers: dict[str, float] = field(default_factory=dict)
    made: int = 0

    @property
    def name(self) -> str:
        return self.case.name

    @property
    def pipeline(self) -> Installation:
        return self.case.principal("pipeline")

    def declare(self, **rollout: Any) -> None:
        """How production goes over from now on."""
        self.case.edit_declaration(deployment={"rollout": {"smoke_rows": len(ROWS), **rollout}})

    def version(self, mode: str = "good", installation: Installation | None = None) -> Version:
        """A new version, approved for production by two people."""
        self.made += 1
        case = self.case
        case.run_id = f"manual__{self.made}"
        answer = round(0.1 + 0.01 * self.made, 2)
        self.answers[case.run_id] = answer
        if self.made == 1:
            case.approve_use_case()
        case.declare()
        arn = case.register()
        case.pipeline.registry.share_group(case.name, case.pipeline.settings.other_accounts)
        self._train(arn, mode, answer)
        case.gather(arn, *BEFORE_GOVERNANCE)
        case.request(Gate.GOVERNANCE)
        case.decide(Gate.GOVERNANCE, arn)
        case.gather(arn, EvidenceKind.TEST_VALIDATION)
        case.request(Gate.PRODUCTION)
        case.decide(Gate.PRODUCTION, arn)
        return Version.of_run(installation or self.pipeline, case.name, case.run_id)

    def _train(self, arn: str, mode: str, answer: float) -> None:
        case = self.case
        key = f"{run_prefix(case.name, run_key(case.name, case.run_id))}training/model.tar.gz"
        stored = case.pipeline.artifacts.put_once(key, archive(mode, str(answer if mode != "wrong" else 0.99)))
        container = {
            "Image": IMAGE,
            "ModelDataUrl": stored.uri,
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        }
        specification = {
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        case.pipeline.registry.attach_model(arn, specification, {"model_sha256": stored.sha256})
        case.pipeline.registry.set_registered(arn)

    def deploy(self, version: Version) -> None:
        """As the DAG does: step after step, then on record."""
        drive(version)
        note_deployment(version)

    def served(self, mode: str = "good") -> Version:
        """A version that serves."""
        version = self.version(mode)
        self.deploy(version)
        return version

    @property
    def endpoint(self) -> Endpoint | None:
        return self.pipeline.endpoints_in(Environment.PRODUCTION).find(self.name)

    def settled(self) -> Endpoint | None:
        return settled(self.pipeline, self.name)

    @property
    def answer(self) -> float:
        """What production answers to a row."""
        return float(self.pipeline.endpoints_in(Environment.PRODUCTION).invoke(self.name, "1\n"))

    @property
    def production(self) -> Production:
        return read_production(self.pipeline.ledger(self.name).verify())

    def entries(self, kind: EntryKind) -> list[Entry]:
        return self.case.entries(kind)

    def status(self, version: Version) -> str:
        package = self.pipeline.registry.describe(version.arn)
        return f"{package.stage} {package.stage_status}"

    def serves(self, version: Version) -> bool:
        """Whether endpoint, ledger and life cycle all say so."""
        found, production = self.settled(), self.production
        return (
            found is not None
            and (found.status, found.config) == ("InService", version.config)
            and self.answer == self.answers[version.candidate.run_id]
            and production.served is not None
            and production.served.subject == version.arn
            and production.attempt is None
            and self.status(version) == "Production Deployed"
        )


def settled(installation: Installation, name: str) -> Endpoint | None:
    """The endpoint once nothing is in progress; None once there is none."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = installation.endpoints_in(Environment.PRODUCTION).find(name)
        if found is None or not found.is_changing:
            return found
        assert time.monotonic() < until, f"endpoint {name} is {found.status} still"
        time.sleep(0.05)


def later_by(plant: Plant, hours: float) -> Installation:
    """The pipeline's installation so much later."""
    known = plant.pipeline
    return Installation(known.settings, known.clients, lambda: plant.case.pipeline.now() + timedelta(hours=hours))


def drive(version: Version) -> None:
    """Calls ``advance`` until it is done, as the operator does."""
    awaited = ""
    while (wait := advance(version, awaited)) is not None:
        awaited = ""
        if isinstance(wait, EndpointWait):
            settled(version.installation, wait.endpoint)
            awaited = wait.config
        else:
            time.sleep(0.05)


@pytest.fixture
def plant(case: Case, stack_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    made = Plant(case)
    at_home = case.principal

    def principal(who: str) -> Installation:
        """With the roles that who takes on in the accounts of test and production."""
        installation = at_home(who)
        roles = {
            each: arn if who == "pipeline" else role_of(who, arn, stack_settings)
            for each, arn in (
                (Environment.TEST, stack_settings.test_role_arn),
                (Environment.PRODUCTION, stack_settings.production_role_arn),
            )
        }
        return Installation.load(installation.clients, replace(installation.settings, roles=roles))

    case.principal = principal
    case.pipeline, case.decisions = principal("pipeline"), principal("decision-service")

    def held_out(version: Version, rows: int) -> tuple[list[str], Any]:
        return ROWS[:rows], np.full(min(rows, len(ROWS)), made.answers[version.candidate.run_id])

    monkeypatch.setattr(smoke, "_held_out", held_out)
    yield made
    made.pipeline.endpoints_in(Environment.PRODUCTION).delete(case.name)
