"""The spelling of cells, as the evaluation asks for it; it is the domain's, as declared values are spelled so too."""

from __future__ import annotations

from model_governance.domain.cells import MISSING, canonical_cell, canonical_cells, finite_number

__all__ = ["MISSING", "canonical_cell", "canonical_cells", "finite_number"]
