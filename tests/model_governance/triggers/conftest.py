"""The use cases that the decisions' tests work on, for triggers that wait for decisions on them."""

from __future__ import annotations

from tests.model_governance.decisions.conftest import case

__all__ = ["case"]
