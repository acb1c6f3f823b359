"""A version that serves since yesterday, with real baselines on record, and what comes to its endpoint hour by hour."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from tests.model_governance.decisions.conftest import BEFORE_GOVERNANCE, Case

from model_governance.domain.candidate import Candidate, attachment_key, report_key, run_key
from model_governance.domain.canonical import sha256_hex
from model_governance.domain.decision import Gate
from model_governance.domain.evidence import Attachment, Evidence, EvidenceKind, EvidenceVerdict
from model_governance.domain.ledger import EntryKind
from model_governance.domain.model_card import version_content
from model_governance.evaluation.assess import assess_post_training_bias
from model_governance.evaluation.constraints import suggest_constraints, with_constraints
from model_governance.evaluation.labels import favourable_labels
from model_governance.evaluation.model_quality.assess import assess_model_quality
from model_governance.evaluation.predictions import HeldOut
from model_governance.evaluation.report import report_bytes
from model_governance.evaluation.statistics import describe
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import StageStatus
from model_governance.operators.monitoring_run import MonitoringRun
from model_governance.stages import monitoring as stage
from model_governance.stages.retraining import ask_for_retraining

HOUR = timedelta(hours=1)
FEATURES = ("amount", "count")
MONITORING: dict[str, Any] = {
    "schedule": "0 * * * *",
    "window_minutes": 60,
    "monitors": ["data_quality"],
    "minimum_rows": 200,
    "minimum_ground_truth": 200,
    "severities": {"data_quality": "high", "drift": "high"},
    "retrain": True,
}
ROWS = 400


def draw(rows: int, seed: int, shift: float = 0.0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """Features, predictions, labels and facet of rows of one world; ``amount`` moved by standard deviations."""
    random = np.random.default_rng(seed)
    amount = random.normal(100 + 10 * shift, 10, rows).round(2)
    count = random.integers(0, 12, rows)
    score = (amount - 100) / 10 + 0.1 * (count - 5.5)
    labels = (score + random.normal(0, 1, rows) > 0).astype(float)
    facet = (random.random(rows) < 0.4).astype(int)
    return pd.DataFrame({"amount": amount, "count": count}), 1 / (1 + np.exp(-score)), labels, facet


@dataclass
class Watched:
    """A use case whose version serves and is watched.

    Attributes:
        case: The use case.
        midnight: Yesterday's; the version serves from half an hour later on.
    """

    case: Case
    midnight: datetime

    @classmethod
    def deployed(cls, case: Case, **monitoring: Any) -> Watched:
        data = {
            "source": "s3://landing/case/rows.csv",
            "label": {"column": "y", "positive": 1},
            "features": list(FEATURES),
            "facets": [{"name_or_index": "young", "value_or_threshold": [1]}],
            "split": {"seed": 1, "holdout_fraction": 0.3},
            "expectations": [{"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}}],
        }
        case.edit_declaration(data=data, monitoring={**MONITORING, **monitoring})
        now = datetime.now(UTC)
        made = cls(case, now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1))
        made.set_clock(made.midnight)
        case.approve_use_case()
        made.deploy(made.approved_version(), made.midnight + HOUR / 2)
        return made

    def set_clock(self, time: datetime) -> None:
        """Whatever people and tasks do from now on, they do at this time."""
        principal = vars(self.case).setdefault("as_they_are", self.case.principal)

        def clocked(who: str) -> Installation:
            known = principal(who)
            return Installation(known.settings, known.clients, lambda: time)

        self.case.principal = clocked
        self.case.pipeline, self.case.decisions = clocked("pipeline"), clocked("decision-service")

    # A version and its baselines.

    @cached_property
    def baselines(self) -> dict[tuple[EvidenceKind, str], bytes]:
        """The files that a lifecycle would have registered, by kind and name; "" for the report itself."""
        declared = self.case.pipeline.use_case(self.case.name)
        statistics = describe(draw(4000, 1)[0])
        _, predictions, labels, facet = draw(1500, 2)
        facets = pd.DataFrame({"young": facet.astype(str)}, dtype=object)
        held_out = HeldOut(favourable_labels(labels, declared.data.label), facets, values=labels)
        quality = with_constraints(assess_model_quality(held_out, predictions, declared, minimum_group_rows=30))
        bias = assess_post_training_bias(held_out, predictions, declared, minimum_group_rows=30)
        return {
            (EvidenceKind.DATA_QUALITY, "statistics.json"): report_bytes(statistics),
            (EvidenceKind.DATA_QUALITY, "constraints.json"): report_bytes(suggest_constraints(statistics)),
            (EvidenceKind.MODEL_QUALITY, ""): quality.content,
            (EvidenceKind.MODEL_QUALITY, "constraints.json"): quality.documents[-1].content,
            (EvidenceKind.POST_TRAINING_BIAS, ""): bias.content,
        }

    def key_of(self, kind: EvidenceKind, name: str) -> str:
        key = run_key(self.case.name, self.case.run_id)
        return attachment_key(self.case.name, key, kind, name) if name else report_key(self.case.name, key, kind)

    def approved_version(self) -> str:
        """A version of the case's run, approved for production."""
        case = self.case
        case.declare()
        arn = self._registered()
        case.train(arn)
        for kind in (*BEFORE_GOVERNANCE, EvidenceKind.TEST_VALIDATION):
            self._record(arn, kind)
        case.request(Gate.GOVERNANCE)
        case.decide(Gate.GOVERNANCE, arn)
        case.request(Gate.PRODUCTION)
        case.decide(Gate.PRODUCTION, arn)
        return arn

    def deploy(self, arn: str, time: datetime) -> None:
        case = self.case
        package = case.package(arn)
        body = {"stage": "Production", "run_id": case.run_id, "version": package.version, "endpoint": case.name}
        self.set_clock(time)
        self.at(time).ledger(case.name).append(EntryKind.DEPLOYMENT, arn, {**body, "authority": []})
        case.pipeline.registry.set_life_cycle(arn, "Production", StageStatus.DEPLOYED, "serves")

    def _registered(self) -> str:
        case, key = self.case, run_key(self.case.name, self.case.run_id)
        tags = {"model-governance:use-case": case.name, "model-governance:approved-card": case.card()}
        case.pipeline.registry.ensure_group(case.name, "tests", tags)
        package = case.pipeline.registry.register_candidate(
            case.name,
            key,
            card=version_content(case.pipeline.use_case(case.name), case.risk),
            metadata={"run_id": case.run_id, "data_sha256": "0" * 64},
            metrics={"ModelQuality": {"Statistics": self._source(EvidenceKind.MODEL_QUALITY)}},
            baselines={
                "ModelDataQuality": {
                    "Statistics": self._source(EvidenceKind.DATA_QUALITY, "statistics.json"),
                    "Constraints": self._source(EvidenceKind.DATA_QUALITY, "constraints.json"),
                },
                "ModelQuality": {
                    "Statistics": self._source(EvidenceKind.MODEL_QUALITY),
                    "Constraints": self._source(EvidenceKind.MODEL_QUALITY, "constraints.json"),
                },
                "Bias": {"PostTrainingConstraints": self._source(EvidenceKind.POST_TRAINING_BIAS)},
            },
        )
        candidate = Candidate(
            use_case=case.name,
            run_id=case.run_id,
            run_key=key,
            model_package_arn=package.arn,
            version=package.version,
            data_sha256="0" * 64,
        )
        case.pipeline.ledger(case.name).append(EntryKind.CANDIDATE, package.arn, candidate.model_dump(mode="json"))
        return package.arn

    def _record(self, arn: str, kind: EvidenceKind) -> None:
        artifacts = self.case.pipeline.artifacts
        report = self.baselines.get((kind, ""), b"{}")
        stored = artifacts.put_once(self.key_of(kind, ""), report)
        attached = []
        for (of, name), content in self.baselines.items():
            if of is kind and name:
                kept = artifacts.put_once(self.key_of(kind, name), content)
                attached.append(Attachment(name=name, uri=kept.uri, sha256=kept.sha256))
        evidence = Evidence(
            kind=kind,
            uri=stored.uri,
            sha256=sha256_hex(report),
            verdict=EvidenceVerdict.PASS,
            attachments=tuple(attached),
        )
        self.case.pipeline.ledger(self.case.name).append(EntryKind.EVIDENCE, arn, evidence.model_dump(mode="json"))

    def _source(self, kind: EvidenceKind, name: str = "") -> dict[str, str]:
        uri = self.case.pipeline.artifacts.uri(self.key_of(kind, name))
        return {"ContentType": "application/json", "S3Uri": uri}

    # What comes to the endpoint.

    def hour(self, hour: int) -> datetime:
        return self.midnight + hour * HOUR

    def only_report(self) -> dict[str, Any]:
        """The report of the one window that was assessed."""
        [entry] = self.case.entries(EntryKind.MONITORING)
        report: dict[str, Any] = json.loads(self.case.pipeline.artifacts.get(f"{entry.body['folder']}report.json"))
        return report

    def traffic_folder(self, hour: int, variant: str = "AllTraffic") -> str:
        """Where the traffic of an hour is captured."""
        name = self.case.name
        return f"use-cases/{name}/capture/{name}/{variant}/{self.hour(hour):%Y/%m/%d/%H}"

    def put(self, key: str, content: bytes) -> None:
        """An object, as the endpoint's runtime and consumers write them."""
        store = self.case.principal("admin").clients.client("s3")
        store.put_object(Bucket=self.case.pipeline.artifacts.bucket, Key=key, Body=content)

    def capture(
        self, hour: int, *, rows: int = ROWS, shift: float = 0.0, variant: str = "AllTraffic", late: int = 0
    ) -> None:
        """An hour's traffic, one request a row; ``late`` is the minute that its object is begun in."""
        start = self.hour(hour)
        features, predictions, _, _ = draw(rows, 100 + hour, shift)
        bodies = features.to_csv(index=False, header=False, lineterminator="\n").splitlines()
        lines = [
            captured(
                one, repr(float(answer)), f"e{hour}-{late}-{number}", start + timedelta(seconds=number + late * 60)
            )
            for number, (one, answer) in enumerate(zip(bodies, predictions, strict=True))
        ]
        folder = self.traffic_folder(hour, variant)
        self.put(f"{folder}/{late:02d}-00-000-{uuid.uuid4()}.jsonl", b"\n".join(lines) + b"\n")

    def truth(self, hour: int, *, rows: int = ROWS, shift: float = 0.0, name: str = "truth") -> None:
        start = self.hour(hour)
        _, _, labels, facet = draw(rows, 100 + hour, shift)
        lines = [
            json.dumps(
                {
                    "groundTruthData": {"data": f"{label:g},{young}", "encoding": "CSV"},
                    "eventMetadata": {"eventId": f"e{hour}-0-{number}"},
                    "eventVersion": "0",
                }
            )
            for number, (label, young) in enumerate(zip(labels, facet, strict=True))
        ]
        folder = f"use-cases/{self.case.name}/ground-truth/{start:%Y/%m/%d/%H}"
        self.put(f"{folder}/{name}.jsonl", "\n".join(lines).encode())

    # Runs.

    def at(self, time: datetime) -> Installation:
        """The pipeline's installation at a time, with caches of its own."""
        known = self.case.principal("pipeline")
        return Installation(known.settings, known.clients, lambda: time)

    def run(self, hour: float, run_id: str = "", **parameters: Any) -> MonitoringRun:
        """A run so many hours after yesterday's midnight, five minutes past."""
        time = self.midnight + hour * HOUR + timedelta(minutes=5)
        self.set_clock(time)
        installation = self.at(time)
        declared = installation.use_case(self.case.name)
        return MonitoringRun(installation, declared, run_id or f"run-{hour}", None, parameters)

    def tick(self, hour: float, run_id: str = "", **parameters: Any) -> MonitoringRun:
        """A whole run, but for what Airflow does with the retraining asked for."""
        run = self.run(hour, run_id, **parameters)
        for step in STEPS:
            step(self.again(run))
        return run

    def again(self, run: MonitoringRun) -> MonitoringRun:
        """The same run as a task of its own has it: nothing read before."""
        known = run.installation
        return replace(run, installation=Installation(known.settings, known.clients, known.now))

    def results(self) -> list[tuple[int, int, str]]:
        """Hour, revision and verdict of every result on record, in the ledger's order."""
        return [
            (
                round((datetime.fromisoformat(entry.body["start"]) - self.midnight) / HOUR),
                entry.body["revision"],
                entry.body["verdict"],
            )
            for entry in self.case.entries(EntryKind.MONITORING)
        ]

    def findings(self) -> list[dict[str, Any]]:
        return [entry.body for entry in self.case.entries(EntryKind.BREACH)]


STEPS: tuple[Callable[[MonitoringRun], None], ...] = (
    stage.collect_windows,
    stage.assess_windows,
    stage.record_windows,
    stage.follow_breaches,
)


def never_under_way(run_id: str, asked: datetime) -> bool:
    return False


def ask(run: MonitoringRun) -> dict[str, Any]:
    return ask_for_retraining(run, never_under_way).body


def captured(data: str, answer: str, event: str, time: datetime) -> bytes:
    """A line of DataCapture."""
    side = {"observedContentType": "text/csv", "encoding": "CSV"}
    line = {
        "captureData": {
            "endpointInput": {**side, "mode": "INPUT", "data": data},
            "endpointOutput": {**side, "mode": "OUTPUT", "data": answer},
        },
        "eventMetadata": {"eventId": event, "inferenceTime": time.isoformat().replace("+00:00", "Z")},
        "eventVersion": "0",
    }
    return json.dumps(line).encode()
