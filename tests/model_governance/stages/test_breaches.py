"""What follows a breach: one finding while it stands, a review, a notice, a closed gate, and one retraining."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from tests.model_governance.decisions.conftest import Case, case
from tests.model_governance.notifiers.telling import Recording, TaggedEndpoint
from tests.model_governance.stages.watched import Watched, ask

from model_governance.decisions.breach import monitoring_findings, windows_counted_on
from model_governance.decisions.missing import missing_for
from model_governance.decisions.oversight import close_finding
from model_governance.decisions.record import read_findings
from model_governance.domain.decision import Gate
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.domain.oversight import Finding
from model_governance.domain.waiting import NoticeKind
from model_governance.errors import AccessRefused, DecisionRefused, EvidenceMissing, LedgerBroken
from model_governance.notifiers.dispatch import Dispatch
from model_governance.stages.retraining import PAUSE, ask_for_retraining
from model_governance.stages.watch import flag_and_tell

__all__ = ["case"]


def drifted(case: Case, *hours: int, **monitoring: Any) -> Watched:
    one_breach_a_window: dict[str, Any] = {"drift": {"limits": {"population_stability_index": None}}}
    watched = Watched.deployed(case, **one_breach_a_window, **monitoring)
    for hour in hours:
        watched.capture(hour, shift=3)
    return watched


def close(watched: Watched, finding: str, hour: float) -> None:
    watched.run(hour)  # sets the clock
    people = watched.case.principal("policy-owner")
    close_finding(people, watched.case.name, finding, actor="policy-owner", comment="the source was mended")


def test_a_breach_that_stands_is_one_finding_however_many_windows_show_it(case: Case) -> None:
    watched = drifted(case, 2, 3, 4)
    watched.tick(3)
    [finding] = watched.findings()
    assert (finding["id"], finding["severity"], finding["owner"]) == ("breach-1", "high", "model-owner")
    assert (finding["version"], finding["opened_by"]) == (1, "monitoring")
    assert finding["due"] == (watched.midnight + timedelta(days=7)).date().isoformat()
    watched.tick(4)
    watched.tick(5)
    assert watched.findings() == [finding]
    entries = case.pipeline.ledger(case.name).entries()
    assert windows_counted_on(entries, monitoring_findings(entries)[0]) == 3


def test_after_it_was_closed_a_breach_of_a_later_window_is_a_new_finding_and_of_an_earlier_one_is_not(
    case: Case,
) -> None:
    watched = drifted(case, 1, 2, 4)
    watched.tick(3)
    assert len(watched.findings()) == 1
    close(watched, "breach-1", 3.5)
    asked = {"window_start": watched.hour(1).isoformat(), "window_end": watched.hour(2).isoformat(), "recompute": True}
    watched.tick(4, "anew", **asked)
    assert len(watched.findings()) == 1
    watched.tick(5)
    assert [each["id"] for each in watched.findings()] == ["breach-1", "breach-2"]


def test_an_open_high_finding_holds_the_production_gate_of_the_next_version_alone(case: Case) -> None:
    watched = drifted(case, 2)
    watched.tick(3)
    case.run_id = "manual__2"
    case.declare()
    with pytest.raises(EvidenceMissing, match="breach-1: high finding is open"):
        watched.approved_version()  # past governance, and held at production
    arn = case.pipeline.registry.versions(case.name)[0].arn
    assert case.open(Gate.GOVERNANCE).decisions
    assert "breach-1" in [item.what for item in missing_for(case.pipeline, Gate.PRODUCTION, case.name, arn)]
    close(watched, "breach-1", 3.5)
    case.request(Gate.PRODUCTION)
    case.decide(Gate.PRODUCTION, arn)
    assert case.open(Gate.PRODUCTION).decisions


def test_the_version_is_put_to_review_and_serves_on_and_is_back_when_it_is_closed(case: Case) -> None:
    watched = drifted(case, 2)
    arn = case.entries(EntryKind.DEPLOYMENT)[0].subject
    watched.tick(3)
    package = case.package(arn)
    assert (package.stage, package.stage_status) == ("Production", "Deployed")
    assert "breach-1" in package.stage_description
    assert "without standing approval" in package.stage_description
    close(watched, "breach-1", 3.5)

    endpoint = TaggedEndpoint(approval="expired: production gate")
    installation = case.principal("pipeline")
    installation._endpoints[Environment.PRODUCTION] = endpoint  # type: ignore[assignment]
    flag_and_tell(Dispatch(installation, ()), case.name)
    assert case.package(arn).stage_description == f"serves from endpoint {case.name}"
    assert endpoint.tags == {"model-governance:approval": "standing"}


def test_its_owner_is_told_once_by_each_channel_with_what_to_do(case: Case) -> None:
    watched = drifted(case, 2, finding_owner="data-scientist")
    watched.tick(3)  # by the log
    channels = [Recording("one"), Recording("two")]
    for _ in range(2):
        Dispatch(case.principal("pipeline"), channels).tell_findings(case.name)
    for channel in channels:
        ((notice, _),) = channel.sent
        assert notice.kind is NoticeKind.FINDING
        assert [each.id for each in notice.addressees] == ["data-scientist"]
        assert f"model_monitoring.{case.name}/runs/run-3" in notice.page
        assert "no later version is let into production" in " ".join(fact.text for fact in notice.facts)
        assert any("finding close" in command for command in notice.commands)


def test_a_channel_that_fails_keeps_no_finding_from_being_opened_and_is_tried_again(case: Case) -> None:
    watched = drifted(case, 2)
    watched.tick(3)
    failing = Recording("mail", OSError("no route"))
    Dispatch(case.principal("pipeline"), [failing]).tell_findings(case.name)
    watched.run(4)
    failing.fault = None
    Dispatch(case.principal("pipeline"), [failing]).tell_findings(case.name)
    assert len(failing.sent) == 1


def test_dag_code_can_neither_close_nor_weaken_a_finding(case: Case) -> None:
    watched = drifted(case, 2)
    watched.tick(3)
    [finding] = watched.findings()
    with pytest.raises(AccessRefused):
        case.pipeline.ledger(case.name).append(EntryKind.FINDING_CLOSURE, "arn", {"id": "breach-1"})
    with pytest.raises(DecisionRefused, match="may not close breach-1"):
        close_finding(case.principal("model-owner"), case.name, "breach-1", actor="model-owner", comment="fine")
    case.pipeline.ledger(case.name).append(EntryKind.BREACH, "arn", {**finding, "severity": "low"})
    with pytest.raises(LedgerBroken, match="may not be called 'breach-1'"):
        read_findings(case.principal("pipeline").ledger(case.name).entries())


def test_a_breach_named_like_a_persons_finding_breaks_the_reading(case: Case) -> None:
    watched = drifted(case, 2)
    watched.tick(3)
    body = {**watched.findings()[0], "id": "finding-1"}
    case.pipeline.ledger(case.name).append(EntryKind.BREACH, "arn", body)
    with pytest.raises(LedgerBroken, match="may not be called 'finding-1'"):
        read_findings(case.principal("pipeline").ledger(case.name).entries())


def test_a_graver_breach_is_not_covered_by_a_lighter_finding(case: Case) -> None:
    watched = drifted(case, 2, 3, severities={"data_quality": "low", "drift": "low"})
    watched.tick(3)
    assert [each["severity"] for each in watched.findings()] == ["low"]
    assert case.open(Gate.PRODUCTION).decisions
    declared = watched.case.pipeline.use_case(case.name).model_dump(mode="json")["monitoring"]
    case.edit_declaration(monitoring={**declared, "severities": {"data_quality": "high", "drift": "high"}})
    watched.tick(4)
    assert [each["severity"] for each in watched.findings()] == ["low", "high"]


# Retraining.


def test_a_breach_asks_for_one_retraining_and_not_again_while_it_is_on_its_way(case: Case) -> None:
    watched = drifted(case, 2, 3)
    asked = ask(watched.tick(3))
    assert (asked["findings"], asked["version"], asked["run_id"]) == (["breach-1"], 1, "run-3")
    assert ask(watched.run(3)) == asked  # the same task again: its event was not sent, or is sent again
    with pytest.raises(AirflowSkipException, match="for each of which a retraining was asked"):
        ask(watched.tick(4))


def test_no_retraining_without_a_breach_or_without_the_declaration(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    with pytest.raises(AirflowSkipException, match="none stands"):
        ask(watched.tick(3))
    declared = case.pipeline.use_case(case.name).model_dump(mode="json")["monitoring"]
    case.edit_declaration(monitoring={**declared, "retrain": False})
    with pytest.raises(AirflowSkipException, match="does not declare"):
        ask(watched.run(3))


def test_it_is_asked_for_again_once_its_run_has_ended_in_vain_and_the_breach_is_seen_again(case: Case) -> None:
    watched = drifted(case, 2, 30, 31)
    asked = ask(watched.tick(3))
    sequence = case.entries(EntryKind.RETRAINING)[0].sequence
    body = {"run_id": "asset__1", "asked_by_monitoring": [{"retraining": sequence, "findings": asked["findings"]}]}
    case.pipeline.ledger(case.name).append(EntryKind.USE_CASE, "card", body)
    seen: list[str] = []

    def under_way(run_id: str, since: datetime) -> bool:
        seen.append(run_id)
        return True

    assert timedelta(hours=28) > PAUSE
    with pytest.raises(AirflowSkipException):
        ask_for_retraining(watched.tick(31), under_way)
    assert seen == ["asset__1"]
    assert ask(watched.run(31.5))["findings"] == ["breach-1"]


def test_a_changed_baseline_asks_for_no_retraining(case: Case) -> None:
    from model_governance.domain.evidence import EvidenceKind

    watched = drifted(case, 2)
    watched.put(watched.key_of(EvidenceKind.DATA_QUALITY, "statistics.json"), b"{}")
    with pytest.raises(AirflowSkipException, match="none stands"):
        ask(watched.tick(3))
    assert len(watched.findings()) == 1


def test_a_persons_finding_and_monitorings_have_names_of_their_own(case: Case) -> None:
    from model_governance.decisions.oversight import open_finding
    from model_governance.domain.oversight import Severity

    watched = drifted(case, 2)
    watched.tick(3)
    owner = case.principal("policy-owner")
    due = (watched.midnight + timedelta(days=9)).date()
    open_finding(
        owner, case.name, actor="policy-owner", title="odd", severity=Severity.LOW, owner="model-owner", due=due
    )
    entries = case.pipeline.ledger(case.name).entries()
    assert [finding.id for finding, _ in read_findings(entries)] == ["breach-1", "finding-1"]
    assert Finding.model_validate(watched.findings()[0]).key


def test_one_drifted_feature_is_one_finding_that_names_its_distances_and_one_violation_each(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2, shift=3)
    watched.tick(3)
    [finding] = watched.findings()
    assert "kolmogorov_smirnov" in finding["title"]
    assert "population_stability_index" in finding["title"]
    [entry] = case.entries(EntryKind.MONITORING)
    content = case.pipeline.artifacts.get(f"{entry.body['folder']}constraint_violations.json")
    assert len(json.loads(content)["violations"]) == 2


def test_no_second_retraining_while_the_candidate_of_the_first_waits_at_a_gate(case: Case) -> None:
    kpis = [{"name": "requests", "metric": "requests", "minimum": 300}]
    watched = drifted(case, 2, kpis=kpis)
    asked = ask(watched.tick(3))
    sequence = case.entries(EntryKind.RETRAINING)[0].sequence
    body = {"run_id": "asset__1", "asked_by_monitoring": [{"retraining": sequence, "findings": asked["findings"]}]}
    watched.tick(4)  # nothing came: another breach
    assert [each["id"] for each in watched.findings()] == ["breach-1", "breach-2"]
    with pytest.raises(AirflowSkipException, match="about to begin"):
        ask(watched.run(3.5, "soon"))
    case.pipeline.ledger(case.name).append(EntryKind.USE_CASE, "card", body)
    with pytest.raises(AirflowSkipException, match="asset__1"):
        ask_for_retraining(watched.run(5), lambda run_id, since: run_id == "asset__1")
    assert ask(watched.run(5))["findings"] == ["breach-2"]
