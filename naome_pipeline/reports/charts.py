"""The charts of the first page, as SVG text drawn from released numbers. Each stands beside its table.

Shapes carry the meaning, colour only repeats it: lines and dots for values, bars for intervals, a dashed line for the
national value. Colours are the page's own, so that light, dark and print follow it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT = 640, 60, 40


@dataclass(frozen=True)
class Point:
    """One value with its interval, proportions 0 to 1. `label` names it in the tooltip and on the axis."""

    label: str
    value: float
    lower: float
    upper: float


def _x(value: float, left: int, width: int) -> float:
    return left + value * (width - left - RIGHT)


def trend(points: Sequence[Point], title: str, description: str, identifier: str) -> str:
    """A run chart over time: value and 95% interval per period, axis from 0% to 100%."""
    height, top, bottom = 200, 12, 34
    inner = height - top - bottom

    def y(value: float) -> float:
        return top + (1 - value) * inner

    step = (WIDTH - LEFT - RIGHT) / max(len(points), 1)
    xs = [LEFT + step * (i + 0.5) for i in range(len(points))]
    parts = [_open(height, title, description, identifier)]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        )
        parts.append(f'<text class="tick end" x="{LEFT - 6}" y="{y(tick) + 4:.1f}">{tick:.0%}</text>')
    for x, point in zip(xs, points, strict=True):
        parts.append(
            f'<line class="interval" x1="{x:.1f}" x2="{x:.1f}" y1="{y(point.upper):.1f}" y2="{y(point.lower):.1f}"/>'
        )
    line = " ".join(f"{x:.1f},{y(p.value):.1f}" for x, p in zip(xs, points, strict=True))
    parts.append(f'<polyline class="line" points="{line}"/>')
    every = 1 if len(points) <= 6 else 4
    for i, (x, point) in enumerate(zip(xs, points, strict=True)):
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y(point.value):.1f}" r="4"/>')
        if (len(points) - 1 - i) % every == 0:
            parts.append(
                f'<text class="tick middle" x="{x:.1f}" y="{height - 10}">{escape(point.label)}</text>'
            )
    return "".join([*parts, "</svg>"])


def intervals(
    points: Sequence[Point], national: float | None, title: str, description: str, identifier: str
) -> str:
    """One row per unit: value and 95% interval, the national value as a dashed line."""
    left, row, top, bottom = 250, 22, 8, 26
    height = top + bottom + row * len(points)
    parts = [_open(height, title, description, identifier)]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = _x(tick, left, WIDTH)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{height - bottom}"/>')
        parts.append(f'<text class="tick middle" x="{x:.1f}" y="{height - 8}">{tick:.0%}</text>')
    if national is not None:
        x = _x(national, left, WIDTH)
        parts.append(f'<line class="nation" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{height - bottom}"/>')
    for number, point in enumerate(points):
        y = top + row * (number + 0.5)
        parts.append(
            f'<text class="tick end" x="{left - 8}" y="{y + 4:.1f}">{escape(_short(point.label))}</text>'
        )
        parts.append(
            f'<line class="interval" x1="{_x(point.lower, left, WIDTH):.1f}" x2="{_x(point.upper, left, WIDTH):.1f}" '
            f'y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(f'<circle class="dot" cx="{_x(point.value, left, WIDTH):.1f}" cy="{y:.1f}" r="4"/>')
    return "".join([*parts, "</svg>"])


def _short(label: str, most: int = 38) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"


def _open(height: int, title: str, description: str, identifier: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{identifier}-t {identifier}-d">'
        f'<title id="{identifier}-t">{escape(title)}</title><desc id="{identifier}-d">{escape(description)}</desc>'
    )
