"""A number of a monitoring window, as it is measured and as it is kept; one form for both."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class SeriesPoint:
    """A number of a window.

    Attributes:
        monitor: Which monitor measured it.
        name: The metric, or a KPI's name.
        value: None where it could not be assessed.
        feature: The feature, for a distance.
        facet: The facet and its group, for a metric of bias.
        lower: Lower end of the 95 % interval; None without one.
        upper: Upper end.
        rows: Rows behind it.
    """

    monitor: str
    name: str
    value: float | None
    feature: str = ""
    facet: str = ""
    lower: float | None = None
    upper: float | None = None
    rows: int = 0

    @property
    def series(self) -> str:
        """What the metric is called in a list, such as ``bias/disparate_impact/white=0``."""
        return "/".join(part for part in (self.monitor, self.name, self.feature or self.facet) if part)


SERIES_FIELDS = tuple(field.name for field in fields(SeriesPoint))
"""What is kept of a point, in this order; what a point of a window says beyond that is in the window's report."""
