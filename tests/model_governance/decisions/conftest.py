"""A use case of its own for every test, on the real registry and store, taken as far as the test wants."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from model_governance.decisions.adjudicate import adjudicate
from model_governance.decisions.decide import decide
from model_governance.decisions.in_force import enter_versions
from model_governance.decisions.open import OpenGate, open_gate
from model_governance.decisions.outcome import Adjudication
from model_governance.decisions.request import request_approval
from model_governance.domain.candidate import Candidate, report_key, run_key, run_prefix
from model_governance.domain.canonical import canonical_json, sha256_hex
from model_governance.domain.decision import Channel, Decision, DecisionVerdict, Gate
from model_governance.domain.evidence import Evidence, EvidenceKind, EvidenceVerdict, Measurement
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.model_card import use_case_content, version_content
from model_governance.domain.risk import RiskAssessment, assess_risk
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import ModelPackage
from model_governance.hooks.settings import Settings

PROJECT = Path(__file__).parents[3]
BEFORE_TRAINING = (EvidenceKind.DATA_QUALITY, EvidenceKind.PRE_TRAINING_BIAS)
BEFORE_GOVERNANCE = (
    *BEFORE_TRAINING,
    EvidenceKind.MODEL_QUALITY,
    EvidenceKind.POST_TRAINING_BIAS,
    EvidenceKind.EXPLAINABILITY,
)
DECIDERS = {
    Gate.USE_CASE: "business-approver",
    Gate.GOVERNANCE: "governance-officer",
    Gate.PRODUCTION: "production-approver",
}
WARNING = Measurement(
    name="difference_in_proportions_of_labels",
    value=0.2,
    facet="white",
    maximum=0.1,
    severity="warning",
    verdict=EvidenceVerdict.WARNING,
)
NUMBERS = itertools.count(1)

DECLARATION: dict[str, Any] = {
    "title": "A case for tests",
    "purpose": "To be decided on.",
    "algorithm": "None.",
    "owner": "model-owner",
    "author": "data-scientist",
    "business": {"problem": "Decisions.", "stakeholders": ["Tests"], "line_of_business": "Tests"},
    "intended_uses": "Tests.",
    "datazone": {"domain_id": "dzd_tests", "project_id": "tests"},
    "risk": {
        "exposure": "customer",
        "automated_decisions": False,
        "affects_people": True,
        "data_sensitivity": "special_category",
    },
    "data": {
        "source": "s3://landing/case/rows.csv",
        "label": {"column": "y", "positive": 1},
        "features": ["x"],
        "facets": [{"name_or_index": "white", "value_or_threshold": [0]}],
        "split": {"seed": 1, "holdout_fraction": 0.3},
        "expectations": [{"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}}],
    },
    "training": {"image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/image:1"},
    "limits": [{"metric": "auc", "minimum": 0.7}],
}


@dataclass
class Case:
    """A use case, and everybody who has to do with it; each principal with caches of its own."""

    name: str
    folder: Path
    policies: Path
    principal: Callable[[str], Installation]
    run_id: str = "manual__1"

    def __post_init__(self) -> None:
        self.pipeline = self.principal("pipeline")
        self.decisions = self.principal("decision-service")

    @property
    def risk(self) -> RiskAssessment:
        return assess_risk(self.pipeline.use_case(self.name).risk, self.pipeline.policy.risk)

    def edit_policy(self, change: Callable[[dict[str, Any]], None], *, entered: bool = True) -> None:
        file = self.policies / "policy.yaml"
        policy = yaml.safe_load(file.read_text())
        change(policy)
        file.write_text(yaml.safe_dump(policy, sort_keys=False))
        if entered:
            self.enter_policy()

    def edit_people(self, change: Callable[[list[dict[str, Any]]], None], *, entered: bool = True) -> None:
        file = self.policies / "people.yaml"
        people = yaml.safe_load(file.read_text())
        change(people["people"])
        file.write_text(yaml.safe_dump(people, sort_keys=False))
        if entered:
            self.enter_policy()

    def enter_policy(self) -> None:
        enter_versions(self.principal("policy-owner"), "policy-owner")

    def edit_declaration(self, **changes: Any) -> None:
        file = self.folder / "use_case.yaml"
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **changes}))

    # The stages' own doings, as short as they can be.

    def card(self) -> str:
        return self.pipeline.cards.ensure(self.name, use_case_content(self.pipeline.use_case(self.name), self.risk)).arn

    def declare(self) -> None:
        """As the first stage does: the card, and the declaration that the run goes by."""
        declared = self.pipeline.use_case(self.name)
        body = {
            "run_id": self.run_id,
            "use_case_digest": declared.digest,
            "declaration": declared.model_dump(mode="json"),
        }
        self.pipeline.ledger(self.name).append(EntryKind.USE_CASE, self.card(), body)

    def register(self, trainer: str = "") -> str:
        group_tags = {"model-governance:use-case": self.name, "model-governance:approved-card": self.card()}
        self.pipeline.registry.ensure_group(self.name, "tests", group_tags)
        key = run_key(self.name, self.run_id)
        metrics = {"ModelQuality": {"Statistics": self._report(EvidenceKind.MODEL_QUALITY)}}
        package = self.pipeline.registry.register_candidate(
            self.name,
            key,
            card=version_content(self.pipeline.use_case(self.name), self.risk),
            metadata={"run_id": self.run_id, "data_sha256": "0" * 64},
            metrics=metrics,
            baselines={"ModelQuality": {"Statistics": self._report(EvidenceKind.MODEL_QUALITY)}},
        )
        candidate = Candidate(
            use_case=self.name,
            run_id=self.run_id,
            run_key=key,
            model_package_arn=package.arn,
            version=package.version,
            data_sha256="0" * 64,
            trainer=trainer,
        )
        self.pipeline.ledger(self.name).append(
            EntryKind.CANDIDATE,
            package.arn,
            candidate.model_dump(mode="json"),
            unless=lambda entry: entry.kind is EntryKind.CANDIDATE and entry.body["run_id"] == self.run_id,
        )
        return package.arn

    def train(self, arn: str) -> str:
        stored = self.pipeline.artifacts.put_once(
            f"{run_prefix(self.name, run_key(self.name, self.run_id))}training/model.tar.gz",
            f"model of {self.name}".encode(),
        )
        container = {"Image": DECLARATION["training"]["image"], "ModelDataUrl": stored.uri}
        self.pipeline.registry.attach_model(
            arn,
            {
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            {"model_sha256": stored.sha256},
        )
        self.pipeline.registry.set_registered(arn)
        return stored.uri

    def gather(
        self,
        arn: str,
        *kinds: EvidenceKind,
        verdict: EvidenceVerdict = EvidenceVerdict.PASS,
        measurements: tuple[Measurement, ...] = (),
    ) -> None:
        for kind in kinds:
            report = canonical_json({"kind": kind.value, "verdict": verdict.value, "case": self.name})
            key = report_key(self.name, run_key(self.name, self.run_id), kind)
            stored = self.pipeline.artifacts.put_once(key, report)
            evidence = Evidence(
                kind=kind, uri=stored.uri, sha256=sha256_hex(report), verdict=verdict, measurements=measurements
            )
            self.pipeline.ledger(self.name).append(EntryKind.EVIDENCE, arn, evidence.model_dump(mode="json"))

    def candidate(self, *, warning: bool = False) -> str:
        """A version with its model and all evidence that governance wants."""
        arn = self.register()
        self.train(arn)
        self.gather(arn, *BEFORE_GOVERNANCE[1:])
        verdict = EvidenceVerdict.WARNING if warning else EvidenceVerdict.PASS
        self.gather(arn, BEFORE_GOVERNANCE[0], verdict=verdict, measurements=(WARNING,) if warning else ())
        return arn

    # Gates.

    def request(self, gate: Gate, subject: str | None = None) -> Entry:
        return request_approval(self.pipeline, gate, self.name, run_id=self.run_id, subject=subject)

    def decide(
        self,
        gate: Gate,
        subject: str,
        verdict: DecisionVerdict = DecisionVerdict.APPROVE,
        actor: str = "",
        comment: str = "seen",
        channel: Channel = Channel.TASK_INSTANCE_MARK,
        installation: Installation | None = None,
    ) -> Decision:
        entry = decide(
            installation or self.decisions,
            gate,
            self.name,
            subject,
            verdict,
            actor=actor or DECIDERS[gate],
            comment=comment,
            channel=channel,
        )
        return Decision.model_validate(entry.body)

    def adjudicate(self, gate: Gate, subject: str) -> Adjudication:
        return adjudicate(self.decisions, gate, self.name, subject)

    def open(self, gate: Gate) -> OpenGate:
        """As a deploying task would, in a process that has seen nothing before."""
        return open_gate(self.principal("pipeline"), gate, self.name, run_id=self.run_id)

    def approve_use_case(self) -> str:
        card = self.card()
        self.request(Gate.USE_CASE)
        self.decide(Gate.USE_CASE, card)
        return card

    def governed(self) -> str:
        """A version whose governance gate has been requested, of an approved use case."""
        self.approve_use_case()
        arn = self.candidate()
        self.request(Gate.GOVERNANCE)
        return arn

    def produced(self) -> str:
        """A version whose production gate has been requested, approved by governance."""
        arn = self.governed()
        self.decide(Gate.GOVERNANCE, arn)
        self.gather(arn, EvidenceKind.TEST_VALIDATION)
        self.request(Gate.PRODUCTION)
        return arn

    def package(self, arn: str) -> ModelPackage:
        return self.pipeline.registry.describe(arn)

    def entries(self, kind: EntryKind) -> list[Entry]:
        return [entry for entry in self.principal("pipeline").ledger(self.name).verify() if entry.kind is kind]

    def _report(self, kind: EvidenceKind) -> dict[str, str]:
        key = report_key(self.name, run_key(self.name, self.run_id), kind)
        return {"ContentType": "application/json", "S3Uri": self.pipeline.artifacts.uri(key)}


@pytest.fixture
def case(tmp_path: Path, installation_of: Callable[[str], Installation]) -> Iterator[Case]:
    name = f"case-{next(NUMBERS)}"
    folder = tmp_path / "use_cases" / name
    folder.mkdir(parents=True)
    (folder / "use_case.yaml").write_text(yaml.safe_dump({"name": name, **DECLARATION}))
    for program in ("train.py", "inference.py"):
        (folder / program).write_text("")
    policies = tmp_path / "policies"
    policies.mkdir()
    for file in ("policy.yaml", "people.yaml"):
        shutil.copy(PROJECT / "include" / "policies" / file, policies)

    def principal(who: str) -> Installation:
        installation = installation_of(who)
        settings: Settings = replace(
            installation.settings,
            use_cases=folder.parent,
            policies=policies,
            witness=tmp_path / "witness" / "heads.jsonl",
        )
        return Installation.load(installation.clients, settings)

    made = Case(name, folder, policies, principal)
    made.enter_policy()
    yield made
