"""A declaration read from YAML: the one way in which an organisation's files are refused, by file, field and reason."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from model_governance.errors import GovernanceError

_Declaration = TypeVar("_Declaration", bound=BaseModel)


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
    model: type[_Declaration], text: str, *, file: str, refusal: type[GovernanceError]
) -> _Declaration:
    """The declaration in a file's text.

    Args:
        model: What it must be.
        text: The YAML.
        file: How to call the file in an error.
        refusal: What to raise.

    Raises:
        GovernanceError: As ``refusal``, naming file, field and reason of each fault.
    """
    try:
        declared = yaml.safe_load(text)
    except yaml.YAMLError as fault:
        raise refusal(f"{file}: is not YAML: {' '.join(str(fault).split())}") from None
    if not isinstance(declared, dict):
        raise refusal(f"{file}: must be a mapping of fields, not {type(declared).__name__}")
    try:
        return model.model_validate(declared)
    except ValidationError as faults:
        lines = [f"{file}: {'.'.join(map(str, fault['loc'])) or '(root)'}: {fault['msg']}" for fault in faults.errors()]
        raise refusal("\n".join(lines)) from None
