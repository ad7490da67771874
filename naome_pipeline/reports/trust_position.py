"""Where one trust stands: its released values beside its Alliance and nation, and its place among the limits, in words.

What belongs here: what is said of one trust and one indicator. What does not: which indicators an output shows, how it looks.
"""

from __future__ import annotations

from dataclasses import dataclass

from naome_pipeline.reports import numbers
from naome_pipeline.reports.reading import UNADJUSTED, Reading, Unit
from naome_pipeline.reports.values import HIDDEN, said

NOT_COMPARED = "not compared"


@dataclass(frozen=True)
class Position:
    """An indicator of a trust with what stands beside it, as text; None where the trust has no such neighbour."""

    own: str
    alliance: tuple[str, str] | None
    nation: tuple[str, str] | None
    limits: str


def position(reading: Reading, trust: Unit, indicator: str) -> Position:
    """Where a trust stands in an indicator."""

    def beside(unit: Unit | None) -> tuple[str, str] | None:
        return None if unit is None else (unit.name, said(reading.row(indicator, unit)))

    return Position(
        own=said(reading.row(indicator, trust)),
        alliance=beside(reading.alliance_of(trust)),
        nation=beside(reading.nation_of(trust)),
        limits=against_limits(reading, indicator, trust),
    )


def against_limits(reading: Reading, indicator: str, trust: Unit) -> str:
    """A state in words: `within the limits`, `alert, worse`, `not assessed: …`, with what the wider limits say; or why the
    trust is not judged."""
    row = reading.comparison(indicator, trust)
    if row is None:
        unadjusted = reading.only_unadjusted(indicator, trust)
        return reading.not_judged(indicator, UNADJUSTED) if unadjusted else NOT_COMPARED
    if row["suppressed"]:
        return HIDDEN
    state = str(row["state"])
    if state == "not assessed":
        reason = numbers.text(row["reason"])
        return f"not assessed: {reason}" if reason else "not assessed"
    if state == "within":
        return "within the limits"
    direction, wide = numbers.text(row["direction"]), numbers.text(row["overdispersed_state"])
    return (
        state
        + (f", {direction}" if direction else "")
        + (f" (wider limits: {wide})" if wide and wide != state else "")
    )
