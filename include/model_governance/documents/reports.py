"""A report's own numbers as sections: each form that is known by its module, whatever else a report holds as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from model_governance.documents.bias import bias_section
from model_governance.documents.data_quality import expectations_section
from model_governance.documents.explainability import explanations_section
from model_governance.documents.model_quality import quality_section, slices_section
from model_governance.documents.page import Section
from model_governance.documents.values import section_of, without
from model_governance.documents.wording import field_name

Show = Callable[[str, Any], Section | None]

_FORMS: dict[str, Show] = {
    "pre_training_bias_metrics": bias_section,
    "post_training_bias_metrics": bias_section,
    "binary_classification_metrics": quality_section,
    "multiclass_classification_metrics": quality_section,
    "regression_metrics": quality_section,
    "calibration": quality_section,
    "slices": slices_section,
    "explanations": explanations_section,
    "results": expectations_section,
}
"""Parts of Clarify's ``analysis.json``, of Model Monitor's statistics and of Great Expectations' results, by key."""


def report_sections(report: Mapping[str, Any]) -> list[Section]:
    """The report's parts in its own order; what no module knows comes first, as what the rest stands on."""
    known: list[Section] = []
    shown: list[str] = []
    for key, value in report.items():
        section = _FORMS[key](field_name(key), value) if key in _FORMS else None
        if section is not None:
            known.append(section)
            shown.append(key)
    rest = without(report, *shown)
    return [section_of("About the report" if known else "The report", rest), *known] if rest else known
