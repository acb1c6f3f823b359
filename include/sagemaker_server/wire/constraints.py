"""The rules of AWS's shapes, compiled once a shape, and the words in which AWS reports them broken.

botocore's own validator checks required members, types and minima; enumerations, patterns and maxima stand in the
shapes' metadata and are checked here. Patterns are Java's: the ``regex`` package understands them, ``re`` does not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import regex
from botocore.model import Shape

_MATCHING_SECONDS = 1.0
# Java reads a pair of surrogates as one character; in Python it is spelled out.
_SURROGATES_IN_JAVA = r"\uD800\uDC00-\uDBFF\uDFFF"
_SURROGATES_IN_PYTHON = r"\U00010000-\U0010FFFF"

Rule = tuple[Callable[[Any], bool], str]


def rules_of(shape: Shape) -> tuple[Rule, ...]:
    """The rules that a value of the shape must keep, each with AWS's wording of it, in the order AWS reports them."""
    return _rules(
        shape.type_name,
        tuple(shape.metadata.get("enum") or ()),
        shape.metadata.get("pattern"),
        shape.metadata.get("min"),
        shape.metadata.get("max"),
    )


@lru_cache(maxsize=4096)
def _rules(kind: str, enum: tuple[str, ...], pattern: str | None, least: Any, most: Any) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    if enum:
        rules.append((frozenset(enum).__contains__, f"Member must satisfy enum value set: [{', '.join(enum)}]"))
    measured = kind not in {"integer", "long", "float", "double"}
    what = "length" if measured else "value"
    size: Callable[[Any], Any] = len if measured else lambda value: value
    if most is not None:
        rules.append((lambda value: size(value) <= most, f"Member must have {what} less than or equal to {most}"))
    if least:
        rules.append((lambda value: size(value) >= least, f"Member must have {what} greater than or equal to {least}"))
    if least == 0 and not measured:
        rules.append((lambda value: value >= 0, "Member must have value greater than or equal to 0"))
    if pattern is not None and kind == "string":
        rules.append((_matches(pattern), f"Member must satisfy regular expression pattern: {pattern}"))
    return tuple(rules)


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = regex.compile(pattern.replace(_SURROGATES_IN_JAVA, _SURROGATES_IN_PYTHON))

    def matches(value: str) -> bool:
        try:
            return compiled.fullmatch(value, timeout=_MATCHING_SECONDS) is not None
        except TimeoutError:  # text made to keep the matcher busy matches nothing of use
            return False

    return matches


def shown(value: Any, *, sensitive: bool) -> str:
    """How AWS names a value in a message: nothing of a sensitive one, no quotes in lists; cut after 256 characters."""
    if sensitive:
        return "Value"
    text = _in_java(value)
    return f"Value '{text if len(text) <= 256 else text[:256] + '...'}'"


def _in_java(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_in_java, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={_in_java(item)}' for key, item in value.items())}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def fault(value: Any, path: str, wording: str, *, sensitive: bool = False) -> str:
    """One fault in AWS's words."""
    return f"{shown(value, sensitive=sensitive)} at '{path}' failed to satisfy constraint: {wording}"


def joined(faults: list[str]) -> str:
    """All faults of a request as AWS joins them."""
    count = len(faults)
    return f"{count} validation error{'s' if count > 1 else ''} detected: {'; '.join(faults)}"
