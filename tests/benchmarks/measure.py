"""Figures and how they are told: percentiles, ratios against a goal, one line each."""

from __future__ import annotations

import socket
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A figure and the goal it is held to.

    Attributes:
        name: What was measured.
        value: The figure.
        unit: Its unit.
        goal: The goal in words; empty without one.
        met: Whether the goal is met; None without one.
    """

    name: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None

    @property
    def line(self) -> str:
        """The figure in one line."""
        verdict = {True: f"  goal {self.goal}: met", False: f"  goal {self.goal}: MISSED", None: ""}[self.met]
        return f"{self.name:<62} {self.value:>10.3f} {self.unit:<9}{verdict}"


def say(progress: str) -> None:
    """Tells how far a benchmark is."""
    print(f"  ... {progress}", flush=True)


def at_least(name: str, value: float, unit: str, goal: float) -> Figure:
    """A figure that should not be below its goal."""
    return Figure(name, value, unit, f"≥ {goal:g}", value >= goal)


def at_most(name: str, value: float, unit: str, goal: float) -> Figure:
    """A figure that should not be above its goal."""
    return Figure(name, value, unit, f"≤ {goal:g}", value <= goal)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share (in (0, 1)) of the values lies, by linear interpolation."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Median of the ratios taken pair by pair, so that a machine whose speed drifts does not decide."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
