"""Great Expectations' Data Docs as one file that can be kept as evidence; apart because it is a page, not numbers.

The page is the library's own, but for what evidence must not have: its clock and its random ids; the stack of an
expectation that could not be evaluated, with the paths of the machine; its calls to other
hosts (styles, scripts and pictures from elsewhere, for which a few lines of style stand in); and cells of the data as
markup, which the library puts into its pages as they are. A policy in the page forbids it to load or run anything.
"""

from __future__ import annotations

import html
import re
from typing import Any

import numpy as np

LONGEST_TEXT = 200
"""Characters of a value that the page shows."""

_OUTSIDE = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>|<iframe\b.*?</iframe>|url\([^)]*\)|"
    r"<a\b[^>]*href=\"(?!#)[^\"]*\"[^>]*>.*?</a>",
    re.DOTALL | re.IGNORECASE,
)
_RANDOM_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEAD = """<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body { font-family: sans-serif; margin: 1rem auto; max-width: 70rem; }
table { border-collapse: collapse; } td, th { border: 1px solid #ccc; padding: .3rem .6rem; text-align: left; }
.navbar, .modal, button { display: none; } .badge { background: #eee; padding: 0 .3rem; }
</style>"""


def render_data_docs(validated: Any, *, data_sha256: str, protected: frozenset[str] = frozenset()) -> bytes:
    """The page of a validation result, UTF-8; the same result and data give the same bytes.

    Args:
        validated: From ``expectations.validate``.
        data_sha256: Of the data set, 64 hex digits, which the page names as the batch.
        protected: Columns whose single unexpected values the page does not show; their counts stay.
    """
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.core.expectation_validation_result import expectationValidationResultSchema as schema
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

    plain = validated.to_json_dict()
    results = [schema.load(_escaped(_tellable(_withheld(one, protected)))) for one in plain["results"]]
    document = ValidationResultsPageRenderer().render(
        ExpectationSuiteValidationResult(
            suite_name=f"data set {data_sha256}",
            success=plain["success"],
            statistics=plain["statistics"],
            results=[ExpectationValidationResult(**one) for one in results],
            meta={"great_expectations_version": plain["meta"]["great_expectations_version"]},
        )
    )
    view: Any = DefaultJinjaPageView()
    return _settled(view.render(document)).encode()


def _withheld(result: dict[str, Any], protected: frozenset[str]) -> dict[str, Any]:
    kwargs = result["expectation_config"]["kwargs"]
    named = {kwargs.get("column"), kwargs.get("column_A"), kwargs.get("column_B"), *(kwargs.get("column_list") or [])}
    if not named & protected:
        return result
    shown = {key: value for key, value in result["result"].items() if key != "partial_unexpected_list"}
    return {**result, "result": shown}


def _tellable(result: dict[str, Any]) -> dict[str, Any]:
    """The result without the stack of what was raised, and without a count that the library cannot put into words."""

    def no_stack(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: "not kept" if key == "exception_traceback" else no_stack(item) for key, item in value.items()}

    found = dict(result["result"])
    if "unexpected_count" in found and "unexpected_percent" not in found:
        found["unexpected_count"] = 0  # says nothing of a count, and lists the values
    return {**result, "result": found, "exception_info": no_stack(result["exception_info"])}


def _escaped(value: Any) -> Any:
    """The value with its texts escaped and cut, and NumPy's numbers as Python's: others the library cannot render."""
    if isinstance(value, np.generic):
        return _escaped(value.item())
    if isinstance(value, str):
        return html.escape(value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}...")
    if isinstance(value, dict):
        return {key: item if key in ("type", "severity") else _escaped(item) for key, item in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list) else value


def _settled(page: str) -> str:
    """The page without clock, random ids and other hosts."""
    seen: dict[str, str] = {}
    page = _RANDOM_ID.sub(lambda found: seen.setdefault(found.group(), f"{len(seen) + 1}"), page)
    return _OUTSIDE.sub("", page).replace("<head>", _HEAD, 1)
