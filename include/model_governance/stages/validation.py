"""The validation of a test endpoint as a run comes to it: measured once, and measured again only for a reason.

A report is written once, and measured times are not the same twice. So a cleared task finds the report that stands: as
long as it passed, and candidate, declaration and addresses are the ones it was made of, nothing is measured and nothing
written. Otherwise (it failed, and what it named has been mended; or an address is another one now) the next attempt
has a report of its own beside it. Every attempt stays on record; one that passes after others failed says so, and its
approver must answer that.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from model_governance.decisions.record import since_clean_up
from model_governance.decisions.subject import MODEL_DIGEST
from model_governance.domain.candidate import attachment_key, report_key
from model_governance.domain.canonical import sha256_hex
from model_governance.domain.deployment import Environment
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict
from model_governance.domain.ledger import EntryKind
from model_governance.errors import ArtifactChanged, RecordMissing
from model_governance.evaluation.report import Assessment
from model_governance.evaluation.validation.assess import assess_validation, assessment_of, run_tests
from model_governance.evaluation.validation.dependencies import Calls
from model_governance.evaluation.validation.questions import Sample, read_rows
from model_governance.hooks.dependencies import Addresses, Dependencies
from model_governance.hooks.invocations import asked_once
from model_governance.operators.endpoint import config_name, endpoint_name
from model_governance.operators.run import Run
from model_governance.stages.bias_evaluation import held_out_predictions

log = logging.getLogger(__name__)

_KIND = EvidenceKind.TEST_VALIDATION
_TEST = Environment.TEST


@dataclass(frozen=True)
class Attempt:
    """One validation of the run's candidate.

    Attributes:
        number: From 1.
        key: Where its report lies.
        assessment: What was found.
    """

    number: int
    key: str
    assessment: Assessment


@dataclass(frozen=True)
class Report:
    """The report of an attempt, as it lies in the store.

    Attributes:
        number: Of the attempt, from 1.
        key: Where it lies.
        content: Its bytes.
    """

    number: int
    key: str
    content: bytes

    @property
    def assessment(self) -> Assessment | None:
        """What it says; None where it is no report of this form."""
        try:
            return assessment_of(json.loads(self.content))
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def failed(self) -> bool:
        """Whether it failed, or cannot be read."""
        return self.assessment is None or self.assessment.verdict is EvidenceVerdict.FAIL


def validation_of(run: Run) -> Attempt:
    """The attempt that stands, or a new one.

    Raises:
        ArtifactChanged: A report is no longer the one that was entered in the ledger.
        AccessRefused, ServiceUnavailable: As the hooks raise; nothing is on record then, and the task tries again.
    """
    dependencies = Dependencies(run.name, Addresses.from_environment(), _told(run))
    basis = basis_of(run, dependencies)
    reports = reports_of(run)
    standing = standing_attempt(run, reports, basis)
    if standing is not None:
        log.info("the report of attempt %d stands (%s): nothing is measured again", standing.number, standing.key)
        return standing
    number = len(reports) + 1
    calls = Calls(dependencies.get, dependencies.post, dependencies.call_in_words)
    ask = asked_once(run.installation.endpoints_in(_TEST).runtime, endpoint_name(run, _TEST))
    checks = run_tests(ask, calls, held_out_sample(run), run.use_case)
    earlier = [sha256_hex(report.content) for report in reports if report.failed]
    assessment = assess_validation(checks, run.use_case, attempt=number, basis=basis, earlier=earlier)
    return Attempt(number, attempt_key(run, number), assessment)


def basis_of(run: Run, dependencies: Dependencies) -> dict[str, Any]:
    """What a validation is made of besides time: the candidate, the declaration, and where dependencies are found."""
    declared = run.use_case.deployment.validation
    return {
        "version": run.candidate.version,
        "model_sha256": run.package().metadata.get(MODEL_DIGEST, ""),
        "endpoint_config": config_name(run, _TEST),
        "use_case_digest": run.use_case.digest,
        "addresses": {one.name: dependencies.url(one) for one in (*declared.upstream, *declared.downstream)},
    }


def attempt_key(run: Run, number: int) -> str:
    """Where the report of an attempt lies: the first in the place of every report, the others beside it."""
    if number == 1:
        return report_key(run.name, run.key, _KIND)
    return attachment_key(run.name, run.key, _KIND, f"attempt-{number}.json")


def reports_of(run: Run) -> tuple[Report, ...]:
    """The reports of all attempts, in order."""
    found: list[Report] = []
    while True:
        key = attempt_key(run, len(found) + 1)
        try:
            found.append(Report(len(found) + 1, key, run.installation.artifacts.get(key)))
        except RecordMissing:
            return tuple(found)


def standing_attempt(run: Run, reports: tuple[Report, ...], basis: dict[str, Any]) -> Attempt | None:
    """The newest attempt, if it is in the ledger, passed, and was made of the same; None otherwise.

    A report that was written by a task killed before it could enter it stands for nothing.

    Raises:
        ArtifactChanged: It is not the one that was entered.
    """
    if not reports:
        return None
    newest = reports[-1]
    uri, digest = run.installation.artifacts.uri(newest.key), sha256_hex(newest.content)
    entered = [
        entry.body["sha256"]
        for entry in since_clean_up(run.installation.ledger(run.name).entries())
        if entry.kind is EntryKind.EVIDENCE and entry.body.get("uri") == uri
    ]
    if entered and entered[-1] != digest:
        raise ArtifactChanged(f"{uri} holds sha256 {digest}; recorded is {entered[-1]}")
    assessment = newest.assessment
    if not entered or assessment is None or newest.failed or assessment.report.get("basis") != basis:
        return None
    return Attempt(newest.number, newest.key, assessment)


def held_out_sample(run: Run) -> Sample:
    """All held-out rows, with what the batch transform predicted for them."""
    _, predicted = held_out_predictions(run)
    rows = read_rows(run.installation.artifacts.get(f"{run.split_prefix}holdout.csv"))
    data, deployment = run.use_case.data, run.use_case.deployment
    return Sample(data.features, data.label, rows, predicted, deployment.parity_tolerance)


def _told(run: Run) -> dict[str, Any]:
    return {"use_case": run.name, "version": run.candidate.version, "test": True}
