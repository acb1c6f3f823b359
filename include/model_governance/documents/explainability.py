"""Explanations of Clarify's ``analysis.json``: the global SHAP values of each label as bars, largest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_governance.documents.page import Bars, Block, Facts, Section, Table
from model_governance.documents.values import cell, paths, section_of, without
from model_governance.documents.wording import field_name, number

_GLOBAL = "global_shap_values"


def explanations_section(heading: str, explanations: Any) -> Section | None:
    """``explanations``: {method: {label: {"global_shap_values": {feature: value}, ...}}}; None for another form."""
    if not isinstance(explanations, Mapping):
        return None
    return Section(heading, [], [_method(str(name), method) for name, method in explanations.items()])


def _method(name: str, method: Any) -> Section:
    if not isinstance(method, Mapping):
        return section_of(field_name(name), method)
    if _GLOBAL in method:
        return _label(field_name(name), method)
    return Section(
        field_name(name),
        [],
        [
            _label(field_name(str(label)), told) if isinstance(told, Mapping) else section_of(str(label), told)
            for label, told in method.items()
        ],
    )


def _label(heading: str, told: Mapping[str, Any]) -> Section:
    values = told.get(_GLOBAL)
    blocks: list[Block] = []
    rest = dict(told)
    if isinstance(values, Mapping) and values:
        found = {str(feature): number(value) for feature, value in values.items()}
        drawn = sorted(((name, one) for name, one in found.items() if one is not None), key=lambda bar: -abs(bar[1]))
        if drawn:
            blocks.append(Bars("Global SHAP values", "Feature", "Mean absolute SHAP value", drawn))
        left_out = {name: values[name] for name, one in found.items() if one is None and name in values}
        rest = without(told, _GLOBAL) | ({_GLOBAL: left_out} if left_out else {})
    alike = [key for key, item in rest.items() if isinstance(item, Mapping) and item and set(item) == set(values or ())]
    blocks += [
        Table(field_name(key), ["Feature", "Value"], [[str(name), cell(one)] for name, one in rest.pop(key).items()])
        for key in alike
    ]
    if rest:
        blocks.append(Facts([(field_name(path), said) for path, said in paths(rest)]))
    return Section(heading, blocks)
