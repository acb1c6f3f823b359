"""``model-governance report``: the evidence on a version in one document, each report checked against the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model_governance.cli.document_files import find_version, is_read_here, version_facts, write_documents
from model_governance.cli.terminal import installation, say, say_indented
from model_governance.decisions.evidence_report import kept_reports
from model_governance.documents.evidence import KeptReport, evidence_page, overall_verdict
from model_governance.documents.measurements import verdicts_of
from model_governance.documents.wording import tally, verdict
from model_governance.errors import ArtifactChanged


def report(
    use_case: Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")],
    version: Annotated[int | None, typer.Argument(min=1, help="Of the model; the newest without.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as HTML.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="Write it as PDF.")] = None,
) -> None:
    """Show the evidence on a version and check every report's digest; exit status 1 where one is not as recorded."""
    known = installation()
    package = find_version(known, use_case, version)
    kept = kept_reports(known, use_case, package.arn)
    title = f"{use_case}, version {package.version}"
    if is_read_here(html, pdf):
        _say_main_points(title, kept)
    else:
        page = evidence_page(kept, title=title, facts=version_facts(package), card=package.card)
        write_documents(page, html, pdf)
    faults = [each.fault for each in kept if each.fault]
    if faults:
        raise ArtifactChanged(f"{len(faults)} of {len(kept)} reports are not as recorded: {'; '.join(faults)}")


def _say_main_points(title: str, kept: list[KeptReport]) -> None:
    say(f"{title}: {overall_verdict(kept).words.lower()}", style="bold")
    for each in kept:
        measured = tally(verdicts_of(each.evidence.get("measurements")))
        judged = verdict(each.evidence.get("verdict")).words.lower()
        say_indented(f"{each.kind}: {judged}; measurements: {measured}; report {each.state.value}")
    if not kept:
        say_indented("no evidence is on record yet")
    say("the whole report: --html FILE or --pdf FILE")
