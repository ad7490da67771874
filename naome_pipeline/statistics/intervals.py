"""Intervals for proportions, counts, and indirectly standardised figures.

What belongs here: closed-form intervals for one figure. What does not: limits around a national figure
(`funnel.py`), intervals for survival (`survival.py`) or for changes (`evaluation.py`).

All functions take a number or a column of numbers and give the same shape back. Where a figure has no
denominator there is no interval: NaN. Missing, negative, fractional or impossible counts are a ValueError.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks

# Byar's approximation is published for 10 or more events; below, health statistics practice in England
# (Public Health England technical guide, 2018) uses the exact Poisson interval.
BYAR_MINIMUM_EVENTS = 10


class Interval(NamedTuple):
    """Lower and upper limit, each a float or an array of the shape that was asked about."""

    lower: Any
    upper: Any


class Standardised(NamedTuple):
    """A standardised figure with its interval, in the unit of `multiplier`."""

    value: Any
    lower: Any
    upper: Any


def normal_quantile(level: float) -> float:
    """Two-sided standard normal quantile: 1.959964 for a level of 0.95, 3.090232 for 0.998."""
    return float(stats.norm.ppf(0.5 + checks.level(level) / 2))


def wilson_interval(numerator: ArrayLike, denominator: ArrayLike, level: float = 0.95) -> Interval:
    """Wilson score interval of a proportion, without continuity correction.

    Source: Wilson (1927); the audit's interval for every proportion. Wilson 1 of 100 at 99.8%: 0.000873 to 0.104554.
    """
    events, total = checks.numerator_and_denominator(numerator, denominator)
    z = normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        proportion = events / total
        centre = (proportion + z**2 / (2 * total)) / (1 + z**2 / total)
        half = z * np.sqrt(proportion * (1 - proportion) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    # At 0 and 1 the formula gives 1e-18 where algebra gives exactly 0 or 1.
    lower = np.where(events == 0, 0.0, np.clip(centre - half, 0, 1))
    upper = np.where(events == total, 1.0, np.clip(centre + half, 0, 1))
    return _without_denominator(lower, upper, total)


def byar_interval(events: ArrayLike, level: float = 0.95) -> Interval:
    """Byar's approximation to the Poisson interval of a count of events.

    Source: Breslow and Day (1987), volume II, section 2.3. 65 events at 95%: 50.1632 to 82.8491. The lower limit of
    0 events is 0; where the approximation falls below 0 (few events, high level) the limit is 0.
    """
    observed = checks.counts(events, "events")
    z = normal_quantile(level)
    safe = np.maximum(observed, 1)
    lower = np.where(
        observed == 0, 0.0, safe * np.maximum(1 - 1 / (9 * safe) - z / (3 * np.sqrt(safe)), 0) ** 3
    )
    above = observed + 1
    upper = above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3
    return _like_input(lower, upper)


def exact_poisson_interval(events: ArrayLike, level: float = 0.95) -> Interval:
    """Exact Poisson interval of a count of events, from chi-squared quantiles. Source: Garwood (1936)."""
    observed = checks.counts(events, "events")
    tail = (1 - checks.level(level)) / 2
    with np.errstate(invalid="ignore"):
        lower = np.where(observed == 0, 0.0, stats.chi2.ppf(tail, 2 * observed) / 2)
    upper = stats.chi2.ppf(1 - tail, 2 * observed + 2) / 2
    return _like_input(lower, upper)


def count_interval(events: ArrayLike, level: float = 0.95) -> Interval:
    """Interval of a count as English health statistics publish it: Byar from 10 events, exact Poisson below."""
    observed = checks.counts(events, "events")
    byar, exact = byar_interval(observed, level), exact_poisson_interval(observed, level)
    few = observed < BYAR_MINIMUM_EVENTS
    return _like_input(np.where(few, exact.lower, byar.lower), np.where(few, exact.upper, byar.upper))


def indirectly_standardised_ratio(
    observed: ArrayLike, expected: ArrayLike, level: float = 0.95, multiplier: float = 1.0
) -> Standardised:
    """Observed over expected events, with the count's interval over the same expectation.

    `expected` is treated as known, as the published method does. Source: Breslow and Day (1987), volume II.
    Where nothing is expected the ratio is NaN. Give the national rate as `multiplier` for the adjusted rate.
    """
    events = checks.counts(observed, "observed")
    anticipated = checks.numbers(expected, "expected")
    try:
        events, anticipated = np.broadcast_arrays(events, anticipated)
    except ValueError as error:
        raise Refused("observed and expected differ in length") from error
    if np.any(anticipated < 0):
        raise Refused("expected must not be negative")
    lower, upper = count_interval(events, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, low, high = (
            np.where(anticipated > 0, x / anticipated * multiplier, np.nan) for x in (events, lower, upper)
        )
    return Standardised(*(float(x) if x.ndim == 0 else x for x in (ratio, low, high)))


def _like_input(lower: Any, upper: Any) -> Interval:
    if np.ndim(lower) == 0:
        return Interval(float(lower), float(upper))
    return Interval(np.asarray(lower), np.asarray(upper))


def _without_denominator(lower: Any, upper: Any, total: Any) -> Interval:
    return _like_input(np.where(total == 0, np.nan, lower), np.where(total == 0, np.nan, upper))
