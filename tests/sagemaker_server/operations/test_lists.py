"""What every list does alike: order, filters by name and time, pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest


def make_group(sagemaker: Any, name: str) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName=name)


def make_card(sagemaker: Any, name: str) -> None:
    sagemaker.create_model_card(ModelCardName=name, Content="{}", ModelCardStatus="Draft")


LISTS = [
    ("list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName", make_group),
    ("list_model_cards", "ModelCardSummaries", "ModelCardName", make_card),
]


@pytest.mark.parametrize(("call", "holds", "name", "make"), LISTS)
def test_list_is_ordered_filtered_and_paged(
    sagemaker: Any, new_name: Callable[[], str], call: str, holds: str, name: str, make: Callable[[Any, str], None]
) -> None:
    stem = new_name()
    for ending in "cab":
        make(sagemaker, f"{stem}-{ending}")

    def listed(**request: Any) -> list[str]:
        pages = sagemaker.get_paginator(call).paginate(NameContains=stem, PaginationConfig={"PageSize": 2}, **request)
        return [each[name].removeprefix(f"{stem}-") for page in pages for each in page[holds]]

    assert listed(SortBy="CreationTime", SortOrder="Ascending") == list("cab")
    assert listed(SortBy="Name", SortOrder="Ascending") == list("abc")
    assert listed(SortBy="Name", SortOrder="Descending") == list("cba")
    now = datetime.now(UTC)
    assert listed(CreationTimeAfter=now + timedelta(hours=1)) == []
    assert len(listed(CreationTimeAfter=now - timedelta(hours=1), CreationTimeBefore=now + timedelta(hours=1))) == 3


@pytest.mark.parametrize(("kind", "name"), [("action", "ActionName"), ("context", "ContextName")])
def test_lineage_is_listed_by_type_latest_first(
    sagemaker: Any, new_name: Callable[[], str], kind: str, name: str
) -> None:
    stem, spoken = new_name(), kind.capitalize()
    for ending in "cab":
        request = {name: f"{stem}-{ending}", "Source": {"SourceUri": stem}, f"{spoken}Type": stem}
        getattr(sagemaker, f"create_{kind}")(**request)

    def listed(**request: Any) -> list[str]:
        answer = getattr(sagemaker, f"list_{kind}s")(**{f"{spoken}Type": stem}, **request)
        return [each[name].removeprefix(f"{stem}-") for each in answer[f"{spoken}Summaries"]]

    assert listed() == list("bac")
    assert listed(SortBy="Name", SortOrder="Ascending") == list("abc")
    assert listed(SourceUri="elsewhere") == []
