"""Survival: Kaplan-Meier with late entry, restricted mean, median, cumulative incidence, fixed-cohort proportions.

What belongs here: non-parametric survival of one group and tables by group. What does not: regression and
expected deaths (`cox.py`).

Times are days (any unit will do) from diagnosis. With `entry`, a person is at risk from after entry up to and
including exit, so nobody counts as at risk before the audit could have seen them die. Written out rather than
taken from lifelines: its restricted-mean variance is wrong (its issue 1682) and it does not give the median's
limits; agreement with R's survival package is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray
from naome_pipeline.statistics.intervals import normal_quantile

# Products of fractions that are 0.5 in exact arithmetic miss it by rounding; R uses the same tolerance.
_HALF_TOLERANCE = 1.5e-8


class Estimate(NamedTuple):
    """A figure with its interval; NaN where it is not reached or not defined."""

    value: float
    lower: float
    upper: float


class RestrictedMean(NamedTuple):
    """Mean time lived up to a horizon, its standard error and interval, in the unit of time."""

    value: float
    standard_error: float
    lower: float
    upper: float


@dataclass(frozen=True)
class KaplanMeier:
    """Product-limit estimate of one group.

    All arrays have one value per distinct exit time, increasing: `times`, `at_risk` just before it, `events`,
    `censored`, `survival` just after it, and `hazard_variance` (Greenwood's sum; the variance of survival is
    survival² times it). `people` is the number of records, `entries` their entry times in order.
    """

    times: FloatArray
    at_risk: FloatArray
    events: FloatArray
    censored: FloatArray
    survival: FloatArray
    hazard_variance: FloatArray
    people: int
    entries: FloatArray

    def at(self, times: ArrayLike, level: float = 0.95) -> pd.DataFrame:
        """Survival at each of `times`: time, survival, lower, upper, standard_error, at_risk (just before),
        events (up to and including).

        Log-log interval (Kalbfleisch and Prentice). Where survival is exactly 1 or 0 that interval does not exist;
        the exact binomial limit for the number of people at risk is used instead (Fay, Brittain and Proschan
        2013 take the same fallback), because an interval of no width would claim certainty. After the last exit,
        survival is NaN unless it has reached 0.
        """
        asked = np.atleast_1d(checks.numbers(times, "times"))
        if np.any(asked < 0):
            raise Refused("times must not be negative")
        steps = np.searchsorted(self.times, asked, side="right")
        survival = np.append(1.0, self.survival)[steps]
        variance = np.append(0.0, self.hazard_variance)[steps]
        present = self._at_risk_at(asked)
        last = self.times[-1] if len(self.times) else -np.inf
        beyond = (asked > last) & (survival > 0)
        evidence = np.where(survival > 0, present, self._smallest_risk_set(asked))
        lower, upper = self._limits(survival, variance, evidence, level)
        with np.errstate(invalid="ignore"):
            error = np.where(survival > 0, survival * np.sqrt(np.where(survival > 0, variance, 0)), np.nan)
        hidden = [np.where(beyond, np.nan, x) for x in (survival, lower, upper, error)]
        return pd.DataFrame(
            {
                "time": asked,
                "survival": hidden[0],
                "lower": hidden[1],
                "upper": hidden[2],
                "standard_error": hidden[3],
                "at_risk": present,
                "events": np.append(0.0, np.cumsum(self.events))[steps],
            }
        )

    def median(self, level: float = 0.95) -> Estimate:
        """Median time with its interval (Brookmeyer and Crowley on the log-log limits); NaN where not reached.

        As R's survival package: where the curve runs level at exactly one half, the middle of that stretch; and where
        it has fallen to 0 there is no log-log limit, so that an upper limit that has not been reached by then is NaN.
        """
        lower, upper = self._limits(self.survival, self.hazard_variance, None, level)
        upper = np.where(self.survival > 0, upper, np.nan)
        return Estimate(*(self._crosses_half(curve) for curve in (self.survival, lower, upper)))

    def restricted_mean(self, horizon: float, level: float = 0.95) -> RestrictedMean:
        """Area under the curve up to `horizon`, with the Greenwood-type standard error (Klein and Moeschberger 4.5).

        NaN when follow-up ends before the horizon with survivors left: the area would be a guess. The interval is
        normal, kept within 0 and the horizon. Variance = Σ (area from t to the horizon)² · d / (n (n − d)).
        """
        if not np.isfinite(horizon) or horizon <= 0:
            raise Refused("horizon must be a number greater than 0")
        last = self.times[-1] if len(self.times) else 0.0
        if last < horizon and (not len(self.survival) or self.survival[-1] > 0):
            return RestrictedMean(*(float("nan"),) * 4)
        used = (self.times < horizon) & (self.events > 0)
        edges = np.concatenate([[0.0], self.times[used], [horizon]])
        areas = np.diff(edges) * np.append(1.0, self.survival[used])
        after = areas[::-1].cumsum()[::-1][1:]
        died, risk = self.events[used], self.at_risk[used]
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(risk > died, died / (risk * (risk - died)), 0.0)
        value, error = float(areas.sum()), float(np.sqrt(np.sum(after**2 * step)))
        half = normal_quantile(level) * error
        return RestrictedMean(value, error, max(value - half, 0.0), min(value + half, float(horizon)))

    def _at_risk_at(self, asked: FloatArray) -> FloatArray:
        """People who entered before each asked time and had not left before it."""
        left = np.append(0.0, np.cumsum(self.events + self.censored))[
            np.searchsorted(self.times, asked, side="left")
        ]
        return np.searchsorted(self.entries, asked, side="left") - left

    def _smallest_risk_set(self, asked: FloatArray) -> FloatArray:
        """Size of the smallest risk set up to each asked time that saw an event; 0 before the first."""
        sizes = np.minimum.accumulate(np.append(np.inf, np.where(self.events > 0, self.at_risk, np.inf)))
        steps = np.searchsorted(self.times, asked, side="right")
        return np.where(np.isfinite(sizes[steps]), sizes[steps], 0)

    @staticmethod
    def _limits(
        survival: FloatArray, variance: FloatArray, people: Any, level: float
    ) -> tuple[FloatArray, FloatArray]:
        z = normal_quantile(level)
        inside = (survival > 0) & (survival < 1)
        safe = np.where(inside, survival, 0.5)
        width = z * np.sqrt(np.where(inside, variance, 0)) / np.log(safe)
        # width is negative: log(safe) is.
        lower, upper = (np.exp(-np.exp(np.log(-np.log(safe)) + s * width)) for s in (-1, 1))
        if people is None:
            return np.where(inside, lower, survival), np.where(inside, upper, survival)
        tail = (1 - level) / 2
        with np.errstate(divide="ignore"):
            alone = np.where(people > 0, tail ** (1 / np.maximum(people, 1)), 0.0)
        lower = np.where(survival >= 1, alone, np.where(survival <= 0, 0.0, lower))
        upper = np.where(survival >= 1, 1.0, np.where(survival <= 0, 1 - alone, upper))
        return lower, upper

    def _crosses_half(self, curve: FloatArray) -> float:
        below = np.flatnonzero(curve < 0.5 + _HALF_TOLERANCE)
        if not len(below):
            return float("nan")
        first = below[0]
        if abs(curve[first] - 0.5) < _HALF_TOLERANCE:
            lower = np.flatnonzero(curve < curve[first] - _HALF_TOLERANCE)
            if len(lower):
                return float((self.times[first] + self.times[lower[0]]) / 2)
        return float(self.times[first])


def kaplan_meier(durations: ArrayLike, events: ArrayLike, entry: ArrayLike | None = None) -> KaplanMeier:
    """Kaplan-Meier of one group: `durations` to exit, `events` 1 for death and 0 for censoring, `entry` if late.

    Ties: deaths come before censorings on the same day, entries after both. ValueError for negative or missing
    times, or an entry at or after the exit. With late entry the curve is conditional on the risk sets seen; a risk
    set that empties early sends it to 0 for good, so look at `at_risk`.
    """
    exits, died, entered = survival_columns(durations, events, entry)
    times, place = np.unique(exits, return_inverse=True)
    deaths = np.bincount(place, weights=died, minlength=len(times))
    leaving = np.bincount(place, minlength=len(times)).astype(float)
    at_risk = leaving[::-1].cumsum()[::-1]
    starts = np.sort(entered)
    at_risk = at_risk - (len(starts) - np.searchsorted(starts, times, side="left"))
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1 - deaths / at_risk)
        step = np.where(deaths > 0, deaths / (at_risk * (at_risk - deaths)), 0.0)
    return KaplanMeier(
        times, at_risk, deaths, leaving - deaths, survival, np.cumsum(step), len(exits), starts
    )


def survival_columns(
    durations: ArrayLike, events: ArrayLike, entry: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Checked columns exit, event (0/1), entry (0 when not given); an entry of 0 means from the start."""
    exits = checks.column(durations, "durations")
    died = checks.indicator(events, "events", len(exits))
    if np.any(exits < 0):
        raise Refused("durations must not be negative")
    # A death on the day of diagnosis is at risk on that day: for those there from the start, the start lies before it.
    if entry is None:
        return exits, died, np.full(len(exits), -1.0)
    entered = checks.column(entry, "entry", len(exits))
    entered = np.where(entered <= 0, -1.0, entered)
    if np.any(entered >= exits):
        raise Refused(f"{int(np.sum(entered >= exits))} entry time(s) are not before the exit")
    return exits, died, entered


@dataclass(frozen=True)
class CumulativeIncidence:
    """Aalen-Johansen estimate for one cause: `times`, `incidence` and its `variance` (delta method) after each."""

    times: FloatArray
    incidence: FloatArray
    variance: FloatArray

    def at(self, times: ArrayLike, level: float = 0.95) -> pd.DataFrame:
        """Incidence at each of `times` with its interval on the log(−log) scale: time, incidence, lower, upper.

        Before the first event of the cause the interval is not defined (NaN); after the last exit all is NaN.
        """
        asked = np.atleast_1d(checks.numbers(times, "times"))
        steps = np.searchsorted(self.times, asked, side="right")
        value, variance = np.append(0.0, self.incidence)[steps], np.append(0.0, self.variance)[steps]
        inside = (value > 0) & (value < 1)
        safe = np.where(inside, value, 0.5)
        width = normal_quantile(level) * np.sqrt(variance) / (safe * np.log(safe))
        lower, upper = (np.where(inside, safe ** np.exp(s * width), np.nan) for s in (-1, 1))
        beyond = asked > (self.times[-1] if len(self.times) else -np.inf)
        columns = {"incidence": value, "lower": np.minimum(lower, upper), "upper": np.maximum(lower, upper)}
        return pd.DataFrame({"time": asked} | {k: np.where(beyond, np.nan, v) for k, v in columns.items()})


def cumulative_incidence(
    durations: ArrayLike, causes: ArrayLike, cause: int = 1, entry: ArrayLike | None = None
) -> CumulativeIncidence:
    """Cumulative incidence of `cause` where other causes (death) compete; `causes` is 0 for censored.

    Source: Aalen and Johansen (1978); variance by the delta method (Marubini and Valsecchi 1995, 10.3), the one of
    statsmodels' CumIncidenceRight and of lifelines, here with late entry.
    """
    exits = checks.column(durations, "durations")
    kind = checks.column(checks.counts(causes, "causes"), "causes", len(exits))
    curve = kaplan_meier(exits, kind > 0, entry)
    place = np.searchsorted(curve.times, exits)
    mine = np.bincount(place, weights=(kind == cause).astype(float), minlength=len(curve.times))
    before = np.append(1.0, curve.survival[:-1]) if len(curve.times) else curve.survival
    risk, every = curve.at_risk, curve.events
    # Sums of many shares: where everybody has the event, the last may come out a rounding above 1.
    incidence = np.minimum(np.cumsum(before * mine / risk), 1.0)
    # Var F(t) = Σ (F(t) − F(s))² a(s) + Σ S(s−)² b(s) − 2 Σ (F(t) − F(s)) S(s−) c(s), expanded in powers of F(t)
    # so that each sum is one pass.
    with np.errstate(divide="ignore", invalid="ignore"):
        a = np.where((every > 0) & (risk > every), every / (risk * (risk - every)), 0.0)
    b = before**2 * (risk - mine) * mine / risk**3
    c = before * mine / risk**2
    total = (
        incidence**2 * np.cumsum(a)
        - 2 * incidence * np.cumsum(incidence * a)
        + np.cumsum(incidence**2 * a)
        + np.cumsum(b)
        - 2 * (incidence * np.cumsum(c) - np.cumsum(incidence * c))
    )
    return CumulativeIncidence(curve.times, incidence, np.maximum(total, 0))


def survival_by_group(
    groups: Sequence[Any] | ArrayLike | pd.Series,
    durations: ArrayLike,
    events: ArrayLike,
    horizons: Sequence[float],
    entry: ArrayLike | None = None,
    restricted_mean_horizon: float | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Survival of each group (nation, Alliance, trust, subgroup), groups in sorted order of their text.

    One row per group and horizon: group, people, deaths, time, survival, lower, upper, standard_error, at_risk,
    events, median, median_lower, median_upper, and, when asked for, restricted_mean with _se, _lower and _upper.
    """
    exits, died, entered = survival_columns(durations, events, entry)
    names = checks.labels(groups, "groups", len(exits))
    pieces = []
    for name in sorted(set(names), key=str):
        members = names == name
        curve = kaplan_meier(exits[members], died[members], None if entry is None else entered[members])
        piece = curve.at(list(horizons), level)
        piece.insert(0, "group", name)
        piece.insert(1, "people", curve.people)
        piece.insert(2, "deaths", curve.events.sum())
        piece[["median", "median_lower", "median_upper"]] = curve.median(level)
        if restricted_mean_horizon is not None:
            columns = [
                "restricted_mean",
                "restricted_mean_se",
                "restricted_mean_lower",
                "restricted_mean_upper",
            ]
            piece[columns] = curve.restricted_mean(restricted_mean_horizon, level)
        pieces.append(piece)
    return pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame()
