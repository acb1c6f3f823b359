"""The commands ``card`` and ``report``: files and pipes for readers, main points for a terminal, no doubtful report."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.model_governance.cli.conftest import Command
from tests.model_governance.decisions.conftest import Case
from tests.model_governance.documents.parsed import Parsed

from model_governance.domain.candidate import report_key, run_key
from model_governance.domain.evidence import EvidenceKind


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_governance.cli.document_files.sys", _Terminal())


class _Terminal:
    """``sys`` with a person at standard output."""

    class stdout:
        buffer = sys.stdout

        @staticmethod
        def isatty() -> bool:
            return True


def test_a_card_goes_into_a_pipe_as_html_and_into_the_files_that_are_named(
    case: Case, command: Command, tmp_path: Path
) -> None:
    case.governed()
    piped = command("governance-officer", "card", case.name, "1")
    assert piped.status == 0, piped
    Parsed(piped.out.encode()).check()
    assert f"{case.name}, version 1" in piped.out
    html, pdf = tmp_path / "card.html", tmp_path / "card.pdf"
    written = command("governance-officer", "card", case.name, "1", "--html", str(html), "--pdf", str(pdf))
    assert written.status == 0, written
    assert html.read_text(encoding="utf-8") == piped.out
    assert pdf.read_bytes().startswith(b"%PDF")
    assert written.out.splitlines() == [
        f"{html.stat().st_size} bytes in {html}",
        f"{pdf.stat().st_size} bytes in {pdf}",
    ]


def test_without_a_version_it_is_the_use_cases_own_card(case: Case, command: Command) -> None:
    case.card()
    said = command("governance-officer", "card", case.name)
    assert (said.status, said.err) == (0, "")
    assert f"{case.name}, use case" in said.out and "A case for tests" in said.out


@pytest.mark.usefixtures("on_terminal")
def test_on_a_terminal_the_main_points_are_told(case: Case, command: Command) -> None:
    case.governed()
    card = command("governance-officer", "card", case.name, "1").out
    assert card.startswith(f"{case.name}, version 1\n")
    assert "risk: High" in card and "approval status: PendingManualApproval" in card
    assert card.endswith("the whole card: --html FILE or --pdf FILE\n")
    report = command("governance-officer", "report", case.name).out
    assert report.startswith(f"{case.name}, version 1: pass\n")
    assert "model_quality: pass; measurements: none; report as recorded" in report


def test_a_report_holds_every_evidence_and_its_card(case: Case, command: Command, tmp_path: Path) -> None:
    case.governed()
    html = tmp_path / "report.html"
    said = command("governance-officer", "report", case.name, "1", "--html", str(html))
    assert said.status == 0, said
    parsed = Parsed(html.read_bytes())
    parsed.check()
    headings = ["".join(one.itertext()) for one in parsed.all("h2")]
    assert headings == [
        "Summary",
        "Data quality ✓ Pass",
        "Pre-training bias ✓ Pass",
        "Model quality ✓ Pass",
        "Post-training bias ✓ Pass",
        "Explainability ✓ Pass",
        "Model card",
    ]


def test_a_report_that_was_changed_or_removed_is_refused_after_it_is_written_down(
    case: Case, command: Command, tmp_path: Path
) -> None:
    case.governed()
    store = case.principal("admin").artifacts
    keys = [
        report_key(case.name, run_key(case.name, case.run_id), kind)
        for kind in (EvidenceKind.MODEL_QUALITY, EvidenceKind.DATA_QUALITY)
    ]
    store.delete_prefix(keys[0])
    store.client.put_object(Bucket=store.bucket, Key=keys[1], Body=b'{"auc": 0.99999}')
    html = tmp_path / "report.html"
    said = command("governance-officer", "report", case.name, "1", "--html", str(html))
    assert said.status == 1
    assert said.refusal.startswith("refused: 2 of 5 reports are not as recorded: data_quality: the report at s3://")
    shown = Parsed(html.read_bytes()).text()
    assert "Reportsdonotmatchtherecord" in shown
    assert "0.99999" not in shown


def test_what_is_not_there_and_what_cannot_be_written_is_said_in_a_line(
    case: Case, command: Command, tmp_path: Path
) -> None:
    person = "governance-officer"
    assert "there is no use case 'nowhere'" in command(person, "card", "nowhere").refusal
    assert "there is no use case 'nowhere'" in command(person, "report", "nowhere").refusal
    assert f"{case.name} has no card yet" in command(person, "card", case.name).refusal
    assert f"{case.name} has no version yet" in command(person, "report", case.name).refusal
    case.governed()
    assert f"{case.name} has no version 9; it has 1" in command(person, "card", case.name, "9").refusal
    refused = command(person, "card", case.name, "--html", str(tmp_path / "absent" / "card.html"))
    assert "card.html was not written: No such file or directory" in refused.refusal
