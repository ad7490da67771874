"""Control charts: one provider's indicator over time, and which changes are more than noise.

What belongs here: p, Laney p′ and XmR charts, the rules for special cause, the moving average and limits of the
dashboard. What does not: comparing providers (`funnel.py`), testing an intervention (`evaluation.py`).

A trust sees about eight people a quarter: an XmR chart treats its percentages as if they were equally precise and
finds nothing but noise. Use the p chart, whose limits widen with small denominators, or pool quarters.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray

# Wheeler (2000): 3/d2 and D4 for moving ranges of two points (d2 = 1.128).
_XMR_LIMIT, _RANGE_LIMIT, _D2 = 2.66, 3.267, 1.128
SHORT_SERIES = 12  # points; Making Data Count advises against limits from fewer

Direction = Literal["higher", "lower", "neutral"]
# A chart as arrays of one length: thousands of series are charted, and a frame for each step of each took most of the time.
Columns = dict[str, NDArray[Any]]


def p_chart(numerator: ArrayLike, denominator: ArrayLike) -> pd.DataFrame:
    """p chart: limits per point from the pooled proportion, 3√(p̄(1 − p̄)/n) either side, kept within 0 and 1.

    One row per point in time order: numerator, denominator, value, centre, sigma (binomial), lower, upper, near_lower,
    near_upper (two thirds of the way to the limit). A point without a denominator has NaN for all but the centre.
    Source: Shewhart (1931); Provost and Murray (2011).
    """
    top, bottom = _series(numerator, denominator)
    return pd.DataFrame(_proportion_chart(top, bottom, 1.0))


def laney_chart(numerator: ArrayLike, denominator: ArrayLike) -> pd.DataFrame:
    """Laney p′ chart: a p chart whose sigma is multiplied by sigma_z, the spread of its own z scores.

    sigma_z = mean moving range of z / 1.128 (column sigma_z); 1 is a plain p chart. Laney's sigma_z may be below 1,
    narrowing the limits; it is used as it is. One point, or none, has no moving range: sigma_z is 1.
    Source: Laney (2002), Quality Engineering 14, 531-537.
    """
    top, bottom = _series(numerator, denominator)
    return pd.DataFrame(_proportion_chart(top, bottom, dispersion(top, bottom)))


def dispersion(numerator: ArrayLike, denominator: ArrayLike) -> float:
    """Laney's sigma_z: about 1 when a p chart's binomial limits are right, above 1 when they are too narrow."""
    top, bottom = _series(numerator, denominator)
    used = bottom > 0
    top, bottom = top[used], bottom[used]
    if len(top) < 2:
        return 1.0
    centre = top.sum() / bottom.sum()
    if centre in (0.0, 1.0):
        return 1.0
    z = (top / bottom - centre) / np.sqrt(centre * (1 - centre) / bottom)
    return float(np.mean(np.abs(np.diff(z))) / _D2)


def xmr_chart(values: ArrayLike) -> pd.DataFrame:
    """XmR (individuals and moving range) chart of equally precise values.

    Columns: value, centre (mean), moving_range, lower, upper (centre ± 2.66 mean moving range), near_lower, near_upper
    (two thirds of that), range_limit. One point has no moving range: its limits are NaN. Source: Wheeler (2000);
    the same constants as the NHS "Making Data Count" tool.
    """
    series = checks.column(values, "values")
    ranges = np.abs(np.diff(series))
    mean = float(ranges.mean()) if len(ranges) else float("nan")
    centre = float(series.mean()) if len(series) else float("nan")
    return pd.DataFrame(
        {
            "value": series,
            "centre": centre,
            "moving_range": np.append(np.nan, ranges)[: len(series)],
            "lower": centre - _XMR_LIMIT * mean,
            "upper": centre + _XMR_LIMIT * mean,
            "near_lower": centre - 2 / 3 * _XMR_LIMIT * mean,
            "near_upper": centre + 2 / 3 * _XMR_LIMIT * mean,
            "range_limit": _RANGE_LIMIT * mean,
        }
    )


def special_causes(chart: pd.DataFrame, direction: Direction, shift: int = 7, trend: int = 7) -> pd.DataFrame:
    """The "Making Data Count" rules, on any chart of this module.

    Adds to the chart: astronomical (beyond a limit), in_shift (one of `shift` or more successive points on one side
    of the centre), in_trend (one of `trend` or more successive points each higher, or each lower, than the one
    before), near_limit (one of at least two points beyond two thirds of the way to the limit, but within it, among
    three successive points on the same side), special_cause (any of them), and variation: common cause, improvement,
    concern, or for a neutral indicator high or low. A point on the centre line belongs to no side; points without a
    value are passed over. As the NHS-R implementation (NHSRplotthedots), which uses 7 and 7.
    """
    if shift < 2 or trend < 2:
        raise Refused("shift and trend must be at least 2 points")
    if direction not in ("higher", "lower", "neutral"):
        raise Refused(f"direction must be higher, lower or neutral, not {direction}")
    columns: Columns = {str(name): chart[name].to_numpy() for name in chart.columns}
    found = _special_causes(columns, direction, shift, trend)
    return chart.assign(**found)


def _special_causes(chart: Columns, direction: Direction, shift: int = 7, trend: int = 7) -> Columns:
    present = ~np.isnan(chart["value"])
    value, centre = chart["value"][present], chart["centre"][present]
    side = np.sign(np.round(value - centre, 12))
    outside = (value > chart["upper"][present]) | (value < chart["lower"][present])
    near = ~outside & ((value > chart["near_upper"][present]) | (value < chart["near_lower"][present]))
    heading = _in_trend(value, trend)
    found = {
        "astronomical": outside,
        "in_shift": _in_run(side, shift),
        "in_trend": heading != 0,
        "near_limit": _two_of_three(near, side),
    }
    flagged = np.any(list(found.values()), axis=0) if len(value) else np.zeros(0, dtype=bool)
    good = {"higher": 1, "lower": -1, "neutral": 0}[direction]
    if good == 0:
        names = np.where(side >= 0, "high", "low")
    else:
        # A trend is judged by where it goes, not by the side of the mean it happens to be on.
        moving = np.where(found["in_trend"] & ~outside & ~found["in_shift"], heading, side)
        names = np.where(moving == good, "improvement", "concern")
    found["special_cause"] = flagged
    result: Columns = {}
    for name, values in found.items():
        column = np.zeros(len(present), dtype=bool)
        column[present] = values
        result[name] = column
    variation = np.full(len(present), "", dtype=object)
    variation[present] = np.where(flagged, names, "common cause")
    return result | {"variation": variation}


def moving_average(numerator: ArrayLike, denominator: ArrayLike, span: int = 3) -> FloatArray:
    """Centred moving average of a proportion by pooled counts: Σ numerators / Σ denominators over `span` points.

    At the edges the points there are (two of three for span 3); NaN where they have no denominator. Pooling weighs a
    quarter by its people; a mean of proportions would let a quarter with one patient count like one with twenty.
    """
    if span < 1 or span % 2 == 0:
        raise Refused("span must be an odd number of points")
    top, bottom = _series(numerator, denominator)
    half = span // 2

    def windows(x: FloatArray) -> FloatArray:
        sums = np.concatenate([[0.0], np.cumsum(x)])
        place = np.arange(len(x))
        return sums[np.minimum(place + half + 1, len(x))] - sums[np.maximum(place - half, 0)]

    people = windows(bottom)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(people > 0, windows(top) / people, np.nan)


def dashboard_series(numerator: ArrayLike, denominator: ArrayLike, direction: Direction) -> pd.DataFrame:
    """What the dashboard shows of one provider: the p chart, its special causes, and the moving average.

    Columns of `special_causes` plus moving_average, sigma_z (how far binomial limits can be trusted) and short (fewer
    than 12 points with a denominator: limits are provisional).
    """
    return pd.DataFrame(dashboard_columns(numerator, denominator, direction))


def dashboard_columns(numerator: ArrayLike, denominator: ArrayLike, direction: Direction) -> Columns:
    """`dashboard_series` as arrays, for whoever charts thousands of series."""
    top, bottom = _series(numerator, denominator)
    chart = _proportion_chart(top, bottom, 1.0)
    chart |= _special_causes(chart, direction)
    chart["moving_average"] = moving_average(top, bottom)
    chart["sigma_z"] = np.full(len(top), dispersion(top, bottom))
    chart["short"] = np.full(len(top), int((bottom > 0).sum()) < SHORT_SERIES)
    return chart


def _series(numerator: ArrayLike, denominator: ArrayLike) -> tuple[FloatArray, FloatArray]:
    top, bottom = checks.numerator_and_denominator(numerator, denominator)
    return np.atleast_1d(top), np.atleast_1d(bottom)


def _proportion_chart(top: FloatArray, bottom: FloatArray, sigma_z: float) -> Columns:
    centre = float(top.sum() / bottom.sum()) if bottom.sum() > 0 else float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(bottom > 0, top / bottom, np.nan)
        sigma = np.where(bottom > 0, np.sqrt(centre * (1 - centre) / bottom), np.nan) * sigma_z
    edges = {
        "lower": centre - 3 * sigma,
        "upper": centre + 3 * sigma,
        "near_lower": centre - 2 * sigma,
        "near_upper": centre + 2 * sigma,
    }
    columns = {
        "numerator": top,
        "denominator": bottom,
        "value": value,
        "centre": np.full(len(top), centre),
        "sigma": sigma,
    }
    limits = {name: np.clip(edge, 0, 1) for name, edge in edges.items()}
    return columns | limits | {"sigma_z": np.full(len(top), sigma_z)}


def _in_run(side: FloatArray, length: int) -> FloatArray:
    """Points in a run of at least `length` on one side."""
    member = np.zeros(len(side), dtype=bool)
    starts = np.flatnonzero(np.diff(side, prepend=np.nan) != 0)
    for start, end in pairwise([*starts, len(side)]):
        if side[start] != 0 and end - start >= length:
            member[start:end] = True
    return member


def _in_trend(value: FloatArray, length: int) -> FloatArray:
    """+1 or −1 for points in a strictly rising or falling stretch of at least `length` points, 0 otherwise.

    A peak that ends one trend and begins another belongs to the first.
    """
    heading = np.zeros(len(value))
    steps = np.sign(np.diff(value))
    starts = np.flatnonzero(np.diff(steps, prepend=np.nan) != 0)
    for start, end in pairwise([*starts, len(steps)]):
        if steps[start] != 0 and end - start + 1 >= length:
            stretch = heading[start : end + 1]
            stretch[stretch == 0] = steps[start]
    return heading


def _two_of_three(near: FloatArray, side: FloatArray) -> FloatArray:
    member = np.zeros(len(near), dtype=bool)
    for start in range(len(near) - 2):
        window = slice(start, start + 3)
        if near[window].sum() >= 2 and abs(side[window].sum()) == 3:
            member[window] |= near[window]
    return member
