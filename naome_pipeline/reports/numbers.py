"""How numbers are written for people: proportions are 0 to 1 in data and become percentages only here."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

NOTHING = "–"


def missing(value: Any) -> bool:
    """Whether there is no number to show."""
    return (
        value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
    )


def text(value: Any) -> str:
    """A text of a table; nothing as an empty one."""
    return "" if missing(value) else str(value)


def percent(proportion: Any) -> str:
    """`0.5932` as `59.3%`; nothing as a dash. ValueError for what is no proportion."""
    if missing(proportion):
        return NOTHING
    if not 0 <= float(proportion) <= 1:
        raise ValueError("a proportion must lie between 0 and 1")
    return f"{100 * float(proportion):.1f}%"


def whole_percent(proportion: float) -> str:
    """`0.9` as `90%`: for targets, which are round."""
    return f"{100 * proportion:.0f}%"


def percent_range(lower: Any, upper: Any) -> str:
    """`56.1% to 62.4%`; nothing as a dash."""
    return NOTHING if missing(lower) or missing(upper) else f"{percent(lower)} to {percent(upper)}"


def count(value: Any) -> str:
    """`12345` as `12,345`; nothing as a dash."""
    return NOTHING if missing(value) else f"{int(value):,}"


def days(value: Any) -> str:
    """`33.0` as `33 days`, halves kept; nothing as a dash."""
    return NOTHING if missing(value) else f"{float(value):g} days"


def ratio(value: Any) -> str:
    """`1.234` as `1.23`; nothing as a dash."""
    return NOTHING if missing(value) else f"{float(value):.2f}".replace("-", "−")


def ratio_range(lower: Any, upper: Any) -> str:
    """`1.10 to 1.40`; nothing as a dash."""
    return NOTHING if missing(lower) or missing(upper) else f"{ratio(lower)} to {ratio(upper)}"


def points(difference: Any) -> str:
    """`-0.0312` as `−3.1`, a difference of two proportions in percentage points; nothing as a dash."""
    if missing(difference):
        return NOTHING
    shown = f"{100 * float(difference):+.1f}"
    return "0.0" if float(shown) == 0 else shown.replace("-", "−")


def points_range(lower: Any, upper: Any) -> str:
    """`−5.1 to −1.0`; nothing as a dash."""
    return NOTHING if missing(lower) or missing(upper) else f"{points(lower)} to {points(upper)}"


def tenths(proportion: Any) -> int | None:
    """`0.5932` as 593, tenths of a percent, rounded as `percent` writes it: what a page shows, and no more."""
    return None if missing(proportion) else int(percent(proportion)[:-1].replace(".", ""))


def hundredths(ratio: Any) -> int | None:
    """`1.234` as 123: a ratio as it is shown, with two decimals."""
    return None if missing(ratio) else int(f"{float(ratio):.2f}".replace(".", ""))
