"""Boxes and lines of a driver diagram as SVG.

What belongs here: layout. What does not: what the boxes say.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from naome_pipeline.reports.charts import DOCUMENT_FONT

WIDTH = 960
# Of each column: its left edge, its width, and how many characters fit in a line at the size of its text.
GOAL, DRIVER, CHANGE = (0, 170, 21), (230, 400, 58), (690, 270, 38)
LINE, PAD, GAP = 19, 12, 16
INK, BLUE, PALE = "#212b32", "#003d78", "#eef3f8"


@dataclass(frozen=True)
class _Box:
    left: int
    top: float
    width: int
    lines: list[tuple[str, bool]]
    dark: bool = False

    @property
    def height(self) -> float:
        return LINE * len(self.lines) + 2 * PAD

    @property
    def middle(self) -> float:
        return self.top + self.height / 2

    def drawn(self) -> str:
        fill, ink = (BLUE, "#ffffff") if self.dark else (PALE, INK)
        parts = [
            f'<rect x="{self.left}" y="{self.top:.1f}" width="{self.width}" height="{self.height:.1f}" rx="4" fill="{fill}" '
            f'stroke="{BLUE}" stroke-width="1"/>'
        ]
        for n, (text, bold) in enumerate(self.lines):
            weight = "600" if bold else "400"
            parts.append(
                f'<text x="{self.left + PAD}" y="{self.top + PAD + LINE * n + 14:.1f}" fill="{ink}" font-size="15" '
                f'font-weight="{weight}" font-family="{DOCUMENT_FONT}">{escape(text)}</text>'
            )
        return "\n".join(parts)


def _lines(text: str, characters: int, bold: bool = False) -> list[tuple[str, bool]]:
    return [(line, bold) for line in textwrap.wrap(text, characters)]


def diagram(goal: str, drivers: Sequence[tuple[str, Sequence[str], Sequence[str]]]) -> str:
    """The diagram of one goal: `drivers` are what drives it, the measures of it, and what can be changed."""
    boxes: list[_Box] = []
    joins: list[tuple[_Box, _Box]] = []
    heads: list[_Box] = []
    top = 0.0
    for driver, measures, changes in drivers:
        said = _lines(driver, DRIVER[2] - 4, bold=True)
        for measure in measures:
            first, *more = textwrap.wrap(measure, DRIVER[2] - 3)
            said += [(f"– {first}", False), *((f"   {line}", False) for line in more)]
        head = _Box(DRIVER[0], top, DRIVER[1], said)
        below, own = top, []
        for change in changes:
            box = _Box(CHANGE[0], below, CHANGE[1], _lines(change, CHANGE[2]))
            own.append(box)
            below += box.height + GAP / 2
        heads.append(head)
        boxes += [head, *own]
        joins += [(head, box) for box in own]
        top = max(top + head.height, below - GAP / 2) + GAP
    height = top - GAP
    said = _lines(goal, GOAL[2], bold=True)
    aim = _Box(GOAL[0], (height - LINE * len(said) - 2 * PAD) / 2, GOAL[1], said, dark=True)
    lines = [_line(aim, head) for head in heads] + [_line(a, b) for a, b in joins]
    drawn = "\n".join([*lines, *(box.drawn() for box in [aim, *boxes])])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 {WIDTH + 4} {height + 4:.0f}" width="{WIDTH + 4}" '
        f'height="{height + 4:.0f}">\n{drawn}\n</svg>\n'
    )


def _line(a: _Box, b: _Box) -> str:
    return (
        f'<line x1="{a.left + a.width}" y1="{a.middle:.1f}" x2="{b.left}" y2="{b.middle:.1f}" stroke="{BLUE}" '
        'stroke-width="1.5"/>'
    )
