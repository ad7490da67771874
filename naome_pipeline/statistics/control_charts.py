"""Control charts: one provider's indicator over time, and which changes are more than noise.

What belongs here: p and Laney p′ charts, the rules for special cause, the moving average and limits of the
dashboard. What does not: comparing providers (`funnel.py`), testing an intervention (`evaluation.py`).

A trust sees about eight people a quarter: an XmR chart would treat its percentages as if they were equally precise and
find nothing but noise. The limits of a p chart widen with small denominators.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray

_D2 = 1.128  # Wheeler (2000): mean moving range of two points, in standard deviations
# Points of a shift and of a trend, as the NHS-R implementation of "Making Data Count" (NHSRplotthedots).
_SHIFT, _TREND = 7, 7
BINOMIAL, LANEY = "binomial", "Laney p′"  # which limits a chart has
SHORT_SERIES = 12  # points; Making Data Count advises against limits from fewer

Direction = Literal["higher", "lower", "neutral"]
# A chart as arrays of one length: thousands of series are charted, and a frame for each step of each took most of the time.
Columns = dict[str, NDArray[Any]]


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


def asks_for_laney(sigma_z: float, points: int, significance: float) -> bool:
    """Whether a series of so many points varies more from one to the next than binomial counts do.

    One-sided: sigma_z beyond 1 + z·√((0.8264 T − 1.082)/(T − 1)²), the standard error of a mean moving range over d2
    (Cryer and Ryan 1990, Journal of Quality Technology 22, 187-192). `significance` 0 never asks for it. A lasting shift is one
    large step: it leaves sigma_z small, and stays a signal.
    """
    if points < 2 or significance <= 0:
        return False
    error = np.sqrt((0.8264 * points - 1.082) / (points - 1) ** 2)
    return bool(sigma_z > 1 + stats.norm.isf(significance) * error)


def _special_causes(chart: Columns, direction: Direction) -> Columns:
    """The "Making Data Count" rules: astronomical (beyond a limit), in_shift (one of seven or more successive points on one
    side of the centre), in_trend (one of seven or more successive points each higher, or each lower, than the one before),
    near_limit (one of at least two points beyond two thirds of the way to the limit, but within it, among three successive
    points on the same side), special_cause (any of them), and variation: common cause, improvement, concern, or for a
    neutral indicator high or low. A point on the centre line belongs to no side; points without a value are passed over.
    """
    present = ~np.isnan(chart["value"])
    value, centre = chart["value"][present], chart["centre"][present]
    side = np.sign(np.round(value - centre, 12))
    outside = (value > chart["upper"][present]) | (value < chart["lower"][present])
    near = ~outside & ((value > chart["near_upper"][present]) | (value < chart["near_lower"][present]))
    heading = _in_trend(value, _TREND)
    found = {
        "astronomical": outside,
        "in_shift": _in_run(side, _SHIFT),
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


def dashboard_columns(
    numerator: ArrayLike, denominator: ArrayLike, direction: Direction, laney_significance: float
) -> Columns:
    """What the dashboard shows of one series, as arrays with one value per point in time order.

    The p chart: numerator, denominator, value, centre (pooled proportion), sigma (binomial, or times sigma_z with Laney's
    limits), lower, upper (centre ± 3 sigma), near_lower, near_upper (± 2 sigma), kept within 0 and 1; a point without a
    denominator has NaN for all but the centre (Shewhart 1931; Provost and Murray 2011). The columns of `_special_causes`;
    moving_average; sigma_z (how far binomial limits can be trusted); limits (BINOMIAL or LANEY; see `asks_for_laney`); short
    (fewer than 12 points with a denominator: limits are provisional).
    """
    top, bottom = _series(numerator, denominator)
    sigma_z, points = dispersion(top, bottom), int((bottom > 0).sum())
    wide = asks_for_laney(sigma_z, points, laney_significance)
    chart = _proportion_chart(top, bottom, sigma_z if wide else 1.0)
    chart |= _special_causes(chart, direction)
    chart["moving_average"] = moving_average(top, bottom)
    chart["sigma_z"] = np.full(len(top), sigma_z)
    chart["limits"] = np.full(len(top), LANEY if wide else BINOMIAL, dtype=object)
    chart["short"] = np.full(len(top), points < SHORT_SERIES)
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
