"""``model-governance card``: a use case's or a version's model card, as HTML or PDF for whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from model_governance.cli.document_files import find_version, is_read_here, version_facts, write_documents
from model_governance.cli.terminal import installation, say, say_indented
from model_governance.cli.use_cases import refuse_unknown
from model_governance.documents.model_card import card_page, evaluation_verdict
from model_governance.documents.values import mapping
from model_governance.documents.wording import scalar, visible
from model_governance.errors import RecordMissing
from model_governance.hooks.installation import Installation

_MAIN_POINTS = (
    ("intended_uses", "purpose_of_model", "purpose"),
    ("intended_uses", "risk_rating", "risk"),
    ("intended_uses", "explanations_for_risk_rating", "why"),
    ("additional_information", "ethical_considerations", "ethics"),
)


def card(
    use_case: Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")],
    version: Annotated[int | None, typer.Argument(min=1, help="Of the model; the use case's own card without.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as HTML.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="Write it as PDF.")] = None,
) -> None:
    """Show a model card: its main points in a terminal, the whole of it as HTML into a pipe or a file, or as PDF."""
    known = installation()
    title, facts, content = _of_use_case(known, use_case) if version is None else _of_version(known, use_case, version)
    if not is_read_here(html, pdf):
        write_documents(card_page(content, title=title, facts=facts), html, pdf)
        return
    say(title, style="bold")
    for name, value in facts:
        say_indented(visible(f"{name.lower()}: {value}"))
    _say_main_points(content)
    say("the whole card: --html FILE or --pdf FILE")


def _of_use_case(known: Installation, use_case: str) -> tuple[str, list[tuple[str, str]], Mapping[str, Any]]:
    found = known.cards.find(use_case)
    if found is None:
        refuse_unknown(known, use_case, known.ledger(use_case).entries())
        raise RecordMissing(f"{use_case} has no card yet: its first run makes it")
    facts = [("Model card", found.arn), ("Card status", found.status), ("Card version", str(found.version))]
    return f"{use_case}, use case", facts, found.content


def _of_version(
    known: Installation, use_case: str, version: int
) -> tuple[str, list[tuple[str, str]], Mapping[str, Any]]:
    package = find_version(known, use_case, version)
    return f"{use_case}, version {package.version}", version_facts(package), package.card


def _say_main_points(content: Mapping[str, Any]) -> None:
    for section, field, words in _MAIN_POINTS:
        value = mapping(content.get(section)).get(field)
        if value:
            say_indented(visible(f"{words}: {scalar(value)}"))
    details = content.get("evaluation_details")
    for detail in details if isinstance(details, list) else ():
        judged = evaluation_verdict(detail).words.lower()
        observed = scalar(mapping(detail).get("evaluation_observation")).removeprefix("Verdict: ")
        say_indented(visible(f"{scalar(mapping(detail).get('name'))}: {judged} ({observed})"))
