"""The condition block of a policy statement, apart because what an absent key means is where such code goes wrong.

Follows AWS's "IAM JSON policy elements: Condition operators". A key that the request does not have makes a condition
fail, except, as at AWS, for ``Null``, for operators ending in ``IfExists``, for negated ones such as
``StringNotEquals``, and for ``ForAllValues``. So a Deny that must not be slipped past by leaving a key out is written
with a negated operator or with ``Null``.
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Test = Callable[[str, str], bool]
_USER_NAME = "${aws:username}"
"""The one policy variable that is understood, in ``StringEquals`` alone."""


@dataclass(frozen=True)
class Condition:
    """One operator applied to one key.

    Attributes:
        key: The condition key, lower case: AWS compares key names without regard to case.
        wanted: The values of the policy; one of them has to match (none of them, if ``negated``).
        test: Whether a value of the request matches one of the policy.
        negated: Whether the operator is a ``...Not...`` one.
        if_exists: Whether an absent key satisfies it.
        quantifier: ``ForAllValues``, ``ForAnyValue`` or empty.
    """

    key: str
    wanted: tuple[str, ...]
    test: Test
    negated: bool = False
    if_exists: bool = False
    quantifier: str = ""

    def holds(self, context: Mapping[str, Any]) -> bool:
        """Whether the request's context, its keys in lower case, satisfies the condition."""
        value = context.get(self.key)
        if self.test is _is_null:
            return any(_is_null(str(value is None), wanted) for wanted in self.wanted)
        if value is None:
            return self.if_exists or self.quantifier == "ForAllValues" or (self.negated and not self.quantifier)
        values = [_text(item) for item in value] if isinstance(value, list | tuple | set) else [_text(value)]
        wanted_now = [_filled_in(wanted, context) for wanted in self.wanted]
        matches = [
            any(self.test(item, each) for each in wanted_now if each is not None) != self.negated for item in values
        ]
        if self.quantifier == "ForAllValues":
            return all(matches)
        return any(matches) if self.quantifier == "ForAnyValue" or not self.negated else all(matches)


def parse_conditions(block: Mapping[str, Mapping[str, Any]]) -> tuple[Condition, ...]:
    """The conditions of a statement; all of them have to hold.

    Raises:
        ValueError: An operator is not known, or a value uses a policy variable.
    """
    return tuple(_condition(name, key, wanted) for name, tested in block.items() for key, wanted in tested.items())


def _condition(name: str, key: str, wanted: Any) -> Condition:
    quantifier, _, base = name.rpartition(":")
    base, if_exists = base.removesuffix("IfExists"), base.endswith("IfExists")
    if quantifier not in {"", "ForAllValues", "ForAnyValue"} or base not in _OPERATORS:
        raise ValueError(f"condition operator {name} is not supported")
    values = tuple(_text(value) for value in (wanted if isinstance(wanted, list) else [wanted]))
    fixed = values if base != "StringEquals" else tuple(value.replace(_USER_NAME, "") for value in values)
    if any("${" in value for value in (key, *fixed)):
        raise ValueError(f"condition {name} on {key} uses a policy variable, which is not supported")
    test, negated = _OPERATORS[base]
    for value in values:
        test(value, value)  # a value that is no number, time or address is refused at start
    return Condition(key.lower(), values, test, negated, if_exists, quantifier)


def _filled_in(wanted: str, context: Mapping[str, Any]) -> str | None:
    """A value of the policy with the caller's name in it; None if he has none, as a session of a role: no match."""
    if _USER_NAME not in wanted:
        return wanted
    name = context.get("aws:username")
    return None if name is None else wanted.replace(_USER_NAME, str(name))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equal_ignoring_case(value: str, wanted: str) -> bool:
    return value.casefold() == wanted.casefold()


def _like(value: str, pattern: str) -> bool:
    expression = "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _arn_like(value: str, pattern: str) -> bool:
    values, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(values) == len(patterns) and all(map(_like, values, patterns))


def _is_null(absent: str, wanted: str) -> bool:
    return absent.lower() == wanted.lower()


def _in_network(value: str, network: str) -> bool:
    return ipaddress.ip_address(value.partition("/")[0]) in ipaddress.ip_network(network, strict=False)


def _time(text: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _compared(parse: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Test:
    return lambda value, wanted: compare(parse(value), parse(wanted))


def _family(name: str, parse: Callable[[str], Any]) -> dict[str, tuple[Test, bool]]:
    comparisons: Sequence[tuple[str, Callable[[Any, Any], bool], bool]] = (
        ("Equals", operator.eq, False),
        ("NotEquals", operator.eq, True),
        ("LessThan", operator.lt, False),
        ("LessThanEquals", operator.le, False),
        ("GreaterThan", operator.gt, False),
        ("GreaterThanEquals", operator.ge, False),
    )
    return {f"{name}{suffix}": (_compared(parse, compare), negated) for suffix, compare, negated in comparisons}


_OPERATORS: dict[str, tuple[Test, bool]] = {
    "StringEquals": (operator.eq, False),
    "StringNotEquals": (operator.eq, True),
    "StringEqualsIgnoreCase": (_equal_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_equal_ignoring_case, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
    "Bool": (_equal_ignoring_case, False),
    "Null": (_is_null, False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
    **_family("Numeric", float),
    **_family("Date", _time),
}
