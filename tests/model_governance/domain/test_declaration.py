"""A file's aliases: those that anybody could mean are followed, those that stand for too much are refused at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from model_governance.domain.declaration import read_declaration
from model_governance.domain.people import parse_people
from model_governance.domain.policy import parse_policy
from model_governance.domain.use_case import parse_use_case
from model_governance.errors import GovernanceError, PolicyInvalid

READERS = [
    partial(parse_policy, file="a file"),
    partial(parse_people, file="a file"),
    partial(parse_use_case, file="a file", folder="x"),
]


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")


def levels(number: int, first: str, each: Callable[[str], str]) -> str:
    """A line that has an anchor, and others that each repeat the one before ten times."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} {each(', '.join([f'*a{n - 1}'] * 10))}" for n in range(1, number + 1)]
    return "\n".join(lines)


BOMBS = {
    "lists": levels(8, "[x]", lambda repeated: f"[{repeated}]"),
    "merges": levels(8, "{k: 1}", lambda repeated: f"{{<<: [{repeated}]}}"),
    "values": levels(8, "{k: 1}", lambda repeated: f"{{k: [{repeated}]}}"),
    "cycle": "a: &a [*a, *a]",
    "merged cycle": "a: &a {b: {<<: [*a, *a]}, c: {<<: [*a, *a]}}",
}


def read(text: str) -> dict[str, Any]:
    declared = read_declaration(Anything, text, file="a file", refusal=PolicyInvalid)
    return dict(declared.__pydantic_extra__ or {})


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.func.__name__)
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_aliases_that_repeat_too_much_are_refused_by_file_line_and_name(
    reader: Callable[[str], object], bomb: str
) -> None:
    with pytest.raises(GovernanceError, match=r"a file: cannot be read: line \d+: .*\*a"):
        reader(bomb)


def test_aliases_and_merges_that_a_file_may_use_are_read() -> None:
    text = "a: &a {k: 1, l: 2}\nb: {<<: *a, k: 3}\nc: [*a, *a]\nd: {<<: [*a, {m: 4}]}\n"
    assert read(text) == {
        "a": {"k": 1, "l": 2},
        "b": {"k": 3, "l": 2},
        "c": [{"k": 1, "l": 2}] * 2,
        "d": {"k": 1, "l": 2, "m": 4},
    }


def test_the_bound_is_on_what_aliases_stand_for_and_not_on_a_long_file() -> None:
    """4 levels are 16 thousand nodes, 5 more than a hundred thousand."""
    assert len(read(levels(4, "[x]", lambda repeated: f"[{repeated}]"))) == 5
    with pytest.raises(PolicyInvalid, match="stand for more than 100,000 nodes"):
        read(levels(5, "[x]", lambda repeated: f"[{repeated}]"))
