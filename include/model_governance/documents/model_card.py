"""A model card's content as a page: a version's card or a standalone one, in the order in which a person reads it.

Follows the content schema of SageMaker's model cards. The sections that it names come first; whatever else a card
holds is shown after them, under its own name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from model_governance.documents.metric_groups import metric_group
from model_governance.documents.page import Block, Cell, Facts, Notice, Page, Prose, Section, Table, Verdict
from model_governance.documents.values import cell, is_scalar, line, mapping, section_of, without
from model_governance.documents.wording import NOT_GIVEN, field_name, tally, verdict, worst

_FIRST = ("model_overview", "intended_uses", "business_details")
_LAST = ("training_details", "additional_information")
_DETAIL_FIELDS = ("name", "evaluation_observation", "evaluation_job_arn", "datasets", "metadata", "metric_groups")
_FOOT = (
    "Numbers that are no integers are rounded to five significant digits; the registry holds them whole.",
    "Characters that cannot be seen are shown by their code point, such as [U+202E].",
)


def card_page(content: Mapping[str, Any], *, title: str, facts: Sequence[tuple[str, Cell]] = ()) -> Page:
    """The page of a card.

    Args:
        content: The card's content; keys that are absent, unknown or of another type are borne.
        title: What the card is of, such as ``loan-approval, version 3``.
        facts: What the registry says of the card besides its content, such as its status.
    """
    details = content.get("evaluation_details")
    evaluations = details if isinstance(details, list) else []
    lead: list[Block] = []
    if facts:
        lead.append(Facts(facts))
    lead.extend(_overall(evaluations))
    known = [*_FIRST, "evaluation_details", *_LAST]
    sections = [section_of(field_name(key), content[key]) for key in _FIRST if key in content]
    if isinstance(details, list):
        sections.append(_evaluations(details))
    elif "evaluation_details" in content:
        sections.append(section_of("Evaluation details", details))
    sections += [section_of(field_name(key), content[key]) for key in _LAST if key in content]
    sections += [section_of(field_name(key), item) for key, item in without(content, *known).items()]
    if not sections:
        lead.append(Prose("This card is empty."))
    return Page(title, "Model card", lead, sections, _FOOT)


def evaluation_verdict(detail: Any) -> Verdict:
    """The verdict that an entry of ``evaluation_details`` carries in its metadata; neutral without one."""
    said = mapping(mapping(detail).get("metadata")).get("verdict")
    return verdict(said) if isinstance(said, str) and said else worst([])


def _overall(evaluations: Sequence[Any]) -> Iterator[Block]:
    verdicts = [evaluation_verdict(each) for each in evaluations]
    judged = [each for each in verdicts if each != worst([])]
    if judged:
        yield Notice(worst(judged), f"{len(judged)} of {len(evaluations)} evaluations have a verdict: {tally(judged)}.")


def _evaluations(details: Sequence[Any]) -> Section:
    if not details:
        return Section("Evaluation details", [Prose("No evaluation is in this card.")])
    rows: list[list[Cell]] = [
        [_name(each, place), evaluation_verdict(each), _observation(each)] for place, each in enumerate(details, 1)
    ]
    summary = Table("Evaluations in this card", ["Evaluation", "Verdict", "Observation"], rows)
    return Section("Evaluation details", [summary], [_detail(each, place) for place, each in enumerate(details, 1)])


def _detail(detail: Any, place: int) -> Section:
    if not isinstance(detail, Mapping):
        return section_of(_name(detail, place), detail)
    facts: list[tuple[str, Cell]] = []
    blocks: list[Block] = []
    sections: list[Section] = []
    for key in ("evaluation_job_arn", "datasets"):
        if key in detail:
            facts.append((field_name(key), cell(detail[key])))
    metadata = detail.get("metadata")
    if isinstance(metadata, Mapping):
        facts += [(field_name(str(key)), cell(item)) for key, item in metadata.items() if key != "verdict"]
        facts += [("Verdict", cell(metadata["verdict"]))] if "verdict" in metadata else []
    elif "metadata" in detail:
        facts.append(("Metadata", cell(metadata)))
    groups = detail.get("metric_groups")
    if isinstance(groups, list):
        sections = [metric_group(each, f"Metric group {number}") for number, each in enumerate(groups, 1)]
    elif "metric_groups" in detail:
        facts.append(("Metric groups", cell(groups)))
    for key, item in without(detail, *_DETAIL_FIELDS).items():
        if is_scalar(item):
            facts.append((field_name(key), line(item)))
        else:
            sections.append(section_of(field_name(key), item))
    if "name" in detail and not isinstance(detail["name"], str):
        facts.append(("Name", cell(detail["name"])))
    return Section(_name(detail, place), [*blocks, *([Facts(facts)] if facts else [])], sections, _shown(detail))


def _shown(detail: Any) -> Verdict | None:
    found = evaluation_verdict(detail)
    return None if found == worst([]) else found


def _name(detail: Any, place: int) -> str:
    name = mapping(detail).get("name")
    return field_name(name) if isinstance(name, str) and name.strip() else f"Evaluation {place}"


def _observation(detail: Any) -> str:
    observed = mapping(detail).get("evaluation_observation")
    return NOT_GIVEN if observed is None else cell(observed)
