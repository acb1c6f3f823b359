"""A declaration read from YAML: the one way in which an organisation's files are refused, by file, field and reason."""

from __future__ import annotations

from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from model_governance.errors import GovernanceError

_Declaration = TypeVar("_Declaration", bound=BaseModel)


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
