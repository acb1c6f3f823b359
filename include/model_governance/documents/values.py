"""Any JSON value as blocks; apart because it is what every other module leaves what it does not know to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from model_governance.documents.page import Block, Facts, Section, Table
from model_governance.documents.wording import field_name, number, scalar

DEEPEST = 3
"""Mappings within mappings that get headings of their own; what lies deeper is told by its path, line by line."""
_WIDEST = 8
_LONGEST_LIST = 12


def section_of(heading: str, value: Any, depth: int = 0) -> Section:
    """The value under a heading.

    Args:
        heading: The heading.
        value: Any JSON value; a mapping's keys become names, or headings where they hold more than a line.
        depth: How many headings there are above it.
    """
    if not isinstance(value, Mapping):
        return Section(heading, [*_blocks(heading, value)])
    if depth >= DEEPEST:
        return Section(heading, [Facts(list(paths(value)))])
    rows: list[tuple[str, str]] = []
    tables: list[Block] = []
    sections: list[Section] = []
    for key, item in value.items():
        name = field_name(str(key))
        if is_scalar(item):
            rows.append((name, line(item)))
        elif isinstance(item, Mapping):
            sections.append(section_of(name, item, depth + 1))
        else:
            tables.extend(_blocks(name, item))
    facts: list[Block] = [Facts(rows)] if rows else []
    return Section(heading, [*facts, *tables], sections)


def is_scalar(value: Any) -> bool:
    """Whether the value fits into a line or a few: no mapping, and no list but a short one of plain values."""
    if isinstance(value, Mapping):
        return not value
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return len(value) <= _LONGEST_LIST and all(_is_plain(item) for item in value)
    return True


def line(value: Any) -> str:
    """A value for which ``is_scalar`` holds, in words; the items of a list on lines of their own."""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and value:
        return "\n".join(scalar(item) for item in value)
    return scalar(value)


def cell(value: Any) -> str:
    """Any value in one cell: an interval in words, another mapping or list by its paths."""
    if is_scalar(value):
        return line(value)
    if is_interval(value):
        rest = _besides(value)
        return f"{scalar(value['lower'])} to {scalar(value['upper'])}" + (f"\n{rest}" if rest else "")
    return "\n".join(f"{path}: {said}" for path, said in paths(value))


def paths(value: Any) -> Iterator[tuple[str, str]]:
    """Every plain value within a value with its path, such as ``(groups[0].rows, 12)``; without recursion."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        path, item = waiting.pop()
        if is_scalar(item):
            yield path or "value", line(item)
        elif isinstance(item, Sequence) and all(_is_plain(one) for one in item):
            yield path or "value", ", ".join(scalar(one) for one in item)
        elif isinstance(item, Mapping):
            prefix = f"{path}." if path else ""
            waiting.extend((f"{prefix}{key}", each) for key, each in reversed([*item.items()]))
        else:
            waiting.extend((f"{path}[{place}]", item[place]) for place in reversed(range(len(item))))


def records(caption: str, value: Sequence[Mapping[str, Any]], first: Sequence[str] = ()) -> Table:
    """Mappings as the rows of a table; its columns are every key that one of them has.

    Args:
        caption: The table's caption.
        value: The rows.
        first: Keys that come first, where they occur.
    """
    seen = dict.fromkeys(key for row in value for key in row)
    keys = [*(key for key in first if key in seen), *(key for key in seen if key not in first)]
    numeric = {
        place
        for place, key in enumerate(keys)
        if place and all(row[key] is None or number(row[key]) is not None for row in value if key in row)
    }
    shared = {key: _shared_besides([row[key] for row in value if key in row]) for key in keys}
    columns = [field_name(str(key)) + (f" ({shared[key]})" if shared[key] else "") for key in keys]
    rows = [
        [cell(_range(row[key]) if shared[key] else row[key]) if key in row else "" for key in keys] for row in value
    ]
    return Table(caption, columns, rows, frozenset(numeric))


def without(value: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The mapping but for these keys: what the caller has not shown yet."""
    return {key: item for key, item in value.items() if key not in keys}


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one; who uses it shows what is no mapping by other means."""
    return value if isinstance(value, Mapping) else {}


def _blocks(name: str, value: Any) -> Iterator[Block]:
    if is_scalar(value):
        yield Facts([(name, line(value))])
    elif isinstance(value, Mapping):
        yield Facts(list(paths(value)))
    elif all(isinstance(item, Mapping) and item for item in value) and _width(value) <= _WIDEST:
        yield records(name, value)
    elif all(_is_plain(item) for item in value):
        yield Table(name, ["Place", "Value"], [[str(place), scalar(item)] for place, item in enumerate(value, 1)])
    else:
        yield Table(name, ["Place", "Value"], list(paths(value)))


def is_interval(value: Any) -> bool:
    """Whether the value is {"lower", "upper", ...} with a number each."""
    return isinstance(value, Mapping) and all(number(value.get(end)) is not None for end in ("lower", "upper"))


def _range(interval: Mapping[str, Any]) -> dict[str, Any]:
    return {"lower": interval["lower"], "upper": interval["upper"]}


def _besides(interval: Mapping[str, Any]) -> str:
    """What an interval says besides its ends, such as its level."""
    rest = without(interval, "lower", "upper")
    return "; ".join(f"{path}: {said}" for path, said in paths(rest)) if rest else ""


def _shared_besides(values: Sequence[Any]) -> str:
    """What all intervals of a column say besides their ends; empty where they differ, or are none."""
    said = {_besides(value) if is_interval(value) else "" for value in values}
    return said.pop() if len(said) == 1 else ""


def _width(rows: Sequence[Mapping[str, Any]]) -> int:
    return len({key for row in rows for key in row})


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)
