"""The examples' public data, which is no part of the project: where it lies, and which of it is here."""

from __future__ import annotations

import os
from pathlib import Path

PUBLIC_DATA = {"abalone": "abalone.csv", "direct-marketing": "bank-additional-full.csv"}
"""The files, by example."""

_FOLDER = Path(os.environ.get("MODEL_GOVERNANCE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


def public_data() -> dict[str, Path]:
    """The files of public data that are here, by use case."""
    files = {name: _FOLDER / file for name, file in PUBLIC_DATA.items()}
    return {name: file for name, file in files.items() if file.is_file()}


def why_skipped(name: str) -> str:
    """Why a test of an example is skipped."""
    return f"{PUBLIC_DATA[name]} is not here: MODEL_GOVERNANCE_TEST_DATA names no folder that has it"
