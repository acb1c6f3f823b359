"""Where the marks of a chart lie, in the units of its drawing; apart from the template that draws them.

Drawings are 360 units wide, so that their letters are readable on a narrow screen and in a column of a page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from model_governance.documents.page import Bars, Curve
from model_governance.documents.wording import scalar, shortened

WIDTH = 360
MOST_BARS = 15
"""Bars that are drawn; those with the largest absolute values. All of them are in the table."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 348, 12, 208
_CURVE_HEIGHT = 250
_BAR_STEP, _BAR_LEFT, _BAR_RIGHT = 34, 8, 288
_LONGEST_LABEL = 52
_LONGEST_AXIS = 40


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in units of the drawing, and what it says."""

    place: float
    label: str


@dataclass(frozen=True)
class CurveDrawing:
    """A curve's drawing: path data, ticks, and the diagonal's ends (x1, y1, x2, y2) or None."""

    height: int
    path: str
    dots: tuple[tuple[float, float], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    diagonal: tuple[float, float, float, float] | None
    x_axis: str
    y_axis: str
    description: str


@dataclass(frozen=True)
class Bar:
    """A bar's drawing: its name's baseline, its box and what stands beside it."""

    y: int
    x: float
    width: float
    label: str
    value: str
    value_x: float


@dataclass(frozen=True)
class BarsDrawing:
    """All bars of a chart and the line that they start from."""

    height: int
    zero: float
    bars: tuple[Bar, ...]
    description: str


def draw_curve(curve: Curve) -> CurveDrawing:
    """The curve on axes that reach over all its points; shares are drawn on axes from 0 to 1."""
    xs, ys = [x for x, _ in curve.points], [y for _, y in curve.points]
    x_axis, y_axis = _span(xs, curve.has_diagonal), _span(ys, curve.has_diagonal)
    placed = [(_place(x, x_axis, _LEFT, _RIGHT), _place(y, y_axis, _BOTTOM, _TOP)) for x, y in curve.points]
    lines = " ".join(f"{x} {y}" for x, y in placed)
    diagonal = None
    if curve.has_diagonal and x_axis == y_axis:
        diagonal = (_LEFT, _BOTTOM, _RIGHT, _TOP)
    return CurveDrawing(
        height=_CURVE_HEIGHT,
        path=f"M{lines}",
        dots=tuple(placed) if len(placed) <= 24 else (),
        x_ticks=tuple(Tick(_place(each, x_axis, _LEFT, _RIGHT), _tick(each)) for each in _ticks(x_axis)),
        y_ticks=tuple(Tick(_place(each, y_axis, _BOTTOM, _TOP), _tick(each)) for each in _ticks(y_axis)),
        diagonal=diagonal,
        x_axis=shortened(curve.x_axis, _LONGEST_AXIS),
        y_axis=shortened(curve.y_axis, _LONGEST_AXIS),
        description=_curve_words(curve, xs, ys, diagonal is not None),
    )


def draw_bars(bars: Bars) -> BarsDrawing:
    """The bars from one zero line, negative ones to its left; the largest only, where there are too many."""
    drawn = list(bars.bars)
    if len(drawn) > MOST_BARS:
        drawn = sorted(drawn, key=lambda bar: -abs(bar[1]))[:MOST_BARS]
    low, high = min(0.0, *(value for _, value in drawn)), max(0.0, *(value for _, value in drawn))
    span = (low, high) if high / 2 > low / 2 else (0.0, 1.0)
    zero = _place(0.0, span, _BAR_LEFT, _BAR_RIGHT)
    placed = []
    for place, (name, value) in enumerate(drawn):
        end = _place(value, span, _BAR_LEFT, _BAR_RIGHT)
        left, width = min(zero, end), max(abs(end - zero), 1.0)
        placed.append(
            Bar(place * _BAR_STEP + 14, left, width, shortened(name, _LONGEST_LABEL), scalar(value), left + width + 6)
        )
    left_out = f" The {len(drawn)} largest of {len(bars.bars)} are drawn." if len(drawn) < len(bars.bars) else ""
    largest = max(bars.bars, key=lambda bar: abs(bar[1]))
    description = (
        f"{len(bars.bars)} bars; the largest is {shortened(largest[0], _LONGEST_LABEL)} with {scalar(largest[1])}."
        f"{left_out} The table beside it has every number."
    )
    return BarsDrawing(len(drawn) * _BAR_STEP + 6, zero, tuple(placed), description)


def _curve_words(curve: Curve, xs: list[float], ys: list[float], has_diagonal: bool) -> str:
    compared = f" The broken diagonal means {curve.diagonal}." if has_diagonal else ""
    return (
        f"{len(xs)} points; {shortened(curve.x_axis, _LONGEST_AXIS)} from {scalar(min(xs))} to {scalar(max(xs))}, "
        f"{shortened(curve.y_axis, _LONGEST_AXIS)} from {scalar(min(ys))} to {scalar(max(ys))}.{compared} "
        "The table beside it has every point."
    )


def _span(values: list[float], is_share: bool) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low >= 0 and high <= 1 and (is_share or high > 0.5):
        return 0.0, 1.0
    # Halves, since the distance of two large floats may be infinite.
    if high / 2 - low / 2 <= 0:
        return low - max(abs(low) * 0.1, 1.0), high + max(abs(high) * 0.1, 1.0)
    return low, high


def _place(value: float, span: tuple[float, float], start: float, end: float) -> float:
    low, high = span
    width = high / 2 - low / 2
    share = (value / 2 - low / 2) / width if math.isfinite(width) and width > 0 else 0.5
    return round(start + (end - start) * min(max(share, 0.0), 1.0), 1)


def _ticks(span: tuple[float, float]) -> list[float]:
    low, high = span
    return [low, *(low / 4 * (4 - step) + high / 4 * step for step in (1, 2, 3)), high]


def _tick(value: float) -> str:
    return "0" if value == 0 else f"{value:.3g}"
