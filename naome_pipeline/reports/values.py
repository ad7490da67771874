"""How released values are said: with counts, with their interval, in the cells of a table, or why there is none.

What belongs here: a row as text. What does not: finding it (`reading.py`), writing a number (`numbers.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from naome_pipeline.reports import numbers

HIDDEN, HIDDEN_SHORT = "hidden to protect people", "hidden"
NOT_GIVEN = "not given"
Row = Mapping[str, Any]


def has_value(row: Row | None) -> bool:
    """Whether a row has a value to show."""
    if row is None:
        return False
    return not numbers.missing(row["proportion"]) or not numbers.missing(row["median_days"])


def said(row: Row | None) -> str:
    """A value as text: `38.7% (12 of 31)`, `41.5 days (median)`, why there is none."""
    if row is None:
        return NOT_GIVEN
    if not numbers.missing(row["median_days"]):
        return f"{numbers.days(row['median_days'])} (median)"
    if numbers.missing(row["proportion"]):
        bottom = row["denominator"]
        return HIDDEN if numbers.missing(bottom) else f"{HIDDEN} ({numbers.count(bottom)} people)"
    return f"{numbers.percent(row['proportion'])} ({counts(row)})"


def said_with_interval(row: Row) -> str:
    """`593 of 1,000 people, 59.3% (95% interval 56.2% to 62.3%)`."""
    interval = numbers.percent_range(row["lower"], row["upper"])
    return f"{counts(row)} people, {numbers.percent(row['proportion'])} (95% interval {interval})"


def counts(row: Row) -> str:
    """`593 of 1,000`."""
    return f"{numbers.count(row['numerator'])} of {numbers.count(row['denominator'])}"


def value_cells(row: Row | None) -> tuple[str, str, str]:
    """Counts, percentage and interval of a value as three cells of a table; a hidden one says so."""
    if row is None:
        return ("no value", numbers.NOTHING, numbers.NOTHING)
    if numbers.missing(row["proportion"]):
        bottom = "" if numbers.missing(row["denominator"]) else f", of {numbers.count(row['denominator'])}"
        return (HIDDEN_SHORT + bottom, numbers.NOTHING, numbers.NOTHING)
    return (
        counts(row),
        numbers.percent(row["proportion"]),
        numbers.percent_range(row["lower"], row["upper"]),
    )


def lacking(row: Row) -> str:
    """How many people a denominator lacks in a nation."""
    return HIDDEN_SHORT if numbers.missing(row["not_known"]) else numbers.count(row["not_known"])


def not_counted(rows: Sequence[Row]) -> str:
    """Whom an indicator may have to count and cannot, of every nation; nothing where that cannot be."""
    if not rows:
        return ""
    said = ", ".join(f"{lacking(row)} in {row['nation']}" for row in rows)
    return f"{rows[0]['who']}: {said} (diagnosed in {rows[0]['period']})"
