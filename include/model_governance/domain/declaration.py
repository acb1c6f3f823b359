"""A declaration read from YAML: the one way in which an organisation's files are refused, by file, field and reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from model_governance.errors import GovernanceError

_Declaration = TypeVar("_Declaration", bound=BaseModel)

_MOST_NODES = 100_000
"""Of a file with aliases, each counted as all that it repeats; a few hundred bytes can stand for billions."""


class Declared(BaseModel):
    """Part of a declaration: immutable, and with no field that we do not know.

    ``_LATER`` names fields that came after the first release. At their default they are left out of the dump, so that a
    declaration which does not use them keeps the digest under which it was approved.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    _LATER: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _leave_out_unused_later_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        unused = {name for name in self._LATER if getattr(self, name) == fields[name].default}
        return {name: value for name, value in dumped.items() if name not in unused}


def read_declaration(
    model: type[_Declaration],
    text: str,
    *,
    file: str,
    refusal: type[GovernanceError],
    faults_of: Callable[[_Declaration], Iterable[str]] | None = None,
) -> _Declaration:
    """The declaration in a file's text.

    Args:
        model: What it must be.
        text: The YAML.
        file: How to call the file in an error.
        refusal: What to raise.
        faults_of: What else is wrong with a file, each with its field. Apart from the model's own validators where
            the model also reads what was recorded: a rule that came later must not make the past unreadable.

    Raises:
        GovernanceError: As ``refusal``, naming file, field and reason of each fault.
    """
    try:
        declared = _read(text)
        _refuse_what_json_lacks(declared)
    except yaml.YAMLError as fault:
        raise refusal(f"{file}: is not YAML: {' '.join(str(fault).split())}") from None
    except (ValueError, RecursionError) as fault:  # PyYAML lets a day that is none out as it is
        raise refusal(f"{file}: cannot be read: {fault}") from None
    if not isinstance(declared, dict):
        raise refusal(f"{file}: must be a mapping of fields, not {type(declared).__name__}")
    try:
        found = model.model_validate(declared)
    except ValidationError as faults:
        lines = [f"{file}: {'.'.join(map(str, fault['loc'])) or '(root)'}: {fault['msg']}" for fault in faults.errors()]
        raise refusal("\n".join(lines)) from None
    lines = [f"{file}: {fault}" for fault in faults_of(found)] if faults_of is not None else []
    if lines:
        raise refusal("\n".join(lines))
    return found


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, but of two fields with one name it does not silently take the last.

    Nor does it take aliases that repeat more than anybody could have meant, or what they stand in.
    """

    def __init__(self, text: str) -> None:
        """Begins to read the text.

        Args:
            text: The YAML.
        """
        super().__init__(text)
        self._nodes = 0
        self._sizes: dict[str, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """As PyYAML does, counting nodes; an alias counts as all that it repeats.

        Raises:
            ValueError: An alias repeats too much, or what it stands in.
        """
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML is typed in part
        if isinstance(event, yaml.AliasEvent):
            self._count_alias(event)
            return super().compose_node(parent, index)
        before = self._nodes
        self._nodes += 1
        node = super().compose_node(parent, index)
        if event.anchor is not None:
            self._sizes[event.anchor] = self._nodes - before
        return node

    def _count_alias(self, alias: Any) -> None:
        line = alias.start_mark.line + 1
        if alias.anchor in self.anchors and alias.anchor not in self._sizes:
            raise ValueError(f"line {line}: the alias *{alias.anchor} repeats what it stands in")
        self._nodes += self._sizes.get(alias.anchor, 0)
        if self._nodes > _MOST_NODES:
            raise ValueError(f"line {line}: with *{alias.anchor} its aliases stand for more than {_MOST_NODES:,} nodes")

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """As PyYAML does; merged mappings (``<<``) may be overridden, as they are read in later.

        Raises:
            yaml.composer.ComposerError: A field stands there twice, with both places.
        """
        node = super().compose_mapping_node(anchor)
        first: dict[tuple[str, str], yaml.Mark] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            before = first.setdefault((key.tag, key.value), key.start_mark)
            if before is not key.start_mark:
                raise yaml.composer.ComposerError(
                    f"while reading {key.value!r}", before, "found it a second time", key.start_mark
                )
        return node


def _read(text: str) -> Any:
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _refuse_what_json_lacks(value: Any) -> None:
    """Raises for a number that canonical JSON cannot hold: it would have no digest, or that of another number."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            _refuse_what_json_lacks(each)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no number that can be recorded")
    elif isinstance(value, int) and abs(value) >= 2**53:
        raise ValueError(f"{value} is beyond what can be recorded exactly (2^53)")
