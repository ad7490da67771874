"""Has it changed? Year on year, after an intervention, and against providers that did not have it.

What belongs here: the difference of two proportions, interrupted time series, difference-in-differences with its
pre-period check, and the entry that names an intervention. What does not: special causes on one chart
(`control_charts.py`). None of these shows cause on its own: each result carries what it assumes.

Errors of neighbouring periods and of one provider hang together; the fits allow for that (`dependent_errors.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import pydantic
from numpy.typing import ArrayLike
from scipy import stats

from naome_pipeline.errors import Refused
from naome_pipeline.periods import Quarter
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray
from naome_pipeline.statistics.dependent_errors import Fit, autoregressive_fit, clustered_fit
from naome_pipeline.statistics.errors import NotEstimable
from naome_pipeline.statistics.intervals import wilson_interval

# Below so many providers in all, or a quarter of it on one side, an interval rests on few of them, and a reader is told.
FEW_CLUSTERS = 20


class Intervention(pydantic.BaseModel):
    """A named intervention to evaluate: a small configuration entry.

    `start`: the quarter it began ("2024Q3"). `indicators`: ids it should change. `providers`: codes of those that had
    it; empty means everybody had it at once. `transition`: quarters from the start to leave out while it is taken
    up. `expected`: which way it should move the indicator.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    name: str = pydantic.Field(min_length=1)
    start: str
    indicators: tuple[str, ...] = pydantic.Field(min_length=1)
    providers: tuple[str, ...] = ()
    transition: int = pydantic.Field(default=0, ge=0)
    expected: Literal["increase", "decrease"] = "increase"
    description: str = ""

    @pydantic.field_validator("start")
    @classmethod
    def _is_a_quarter(cls, value: str) -> str:
        return Quarter.parse(value).code

    @property
    def design(self) -> str:
        """The design that fits: with providers left to compare, difference-in-differences."""
        return "difference-in-differences" if self.providers else "interrupted time series"


@dataclass(frozen=True)
class Change:
    """Difference of two proportions, second minus first, with its interval and p value (all on the 0 to 1 scale)."""

    first: float
    second: float
    difference: float
    lower: float
    upper: float
    p: float


def proportion_change(
    first_numerator: float,
    first_denominator: float,
    second_numerator: float,
    second_denominator: float,
    level: float = 0.95,
) -> Change:
    """Second proportion minus first with Newcombe's hybrid score interval (his method 10), no continuity correction.

    For independent groups of people, for instance those diagnosed in two years. p: the two-sided score test
    (pooled variance). All NaN where a denominator is 0. 56/70 against 48/80: 0.2, 0.0524 to 0.3339.
    Source: Newcombe (1998), Statistics in Medicine 17, 873-890.
    """
    x, n = checks.numerator_and_denominator(
        [first_numerator, second_numerator], [first_denominator, second_denominator]
    )
    if np.any(n == 0):
        return Change(*(float("nan"),) * 6)
    share = x / n
    lower, upper = wilson_interval(x, n, level)
    difference = float(share[1] - share[0])
    below = np.sqrt((share[1] - lower[1]) ** 2 + (upper[0] - share[0]) ** 2)
    above = np.sqrt((upper[1] - share[1]) ** 2 + (share[0] - lower[0]) ** 2)
    pooled = x.sum() / n.sum()
    error = np.sqrt(pooled * (1 - pooled) * (1 / n).sum())
    p = float(2 * stats.norm.sf(abs(difference) / error)) if error > 0 else 1.0
    return Change(
        float(share[0]), float(share[1]), difference, float(difference - below), float(difference + above), p
    )


def year_on_year(
    years: Sequence[Any], numerator: ArrayLike, denominator: ArrayLike, level: float = 0.95
) -> pd.DataFrame:
    """Change of each year from the one before: year, value, difference, lower, upper, p (first year NaN).

    One row per year in the order given; years must increase.
    """
    order = checks.strictly_increasing(np.asarray(years, dtype=float), "years")
    top, bottom = (np.atleast_1d(x) for x in checks.numerator_and_denominator(numerator, denominator))
    if len(order) != len(top):
        raise Refused("years and counts differ in length")
    rows = []
    for i, year in enumerate(years):
        value = float(top[i] / bottom[i]) if bottom[i] else float("nan")
        row = {"year": year, "numerator": top[i], "denominator": bottom[i], "value": value}
        row |= dict.fromkeys(("difference", "lower", "upper", "p"), float("nan"))
        if i:
            change = proportion_change(top[i - 1], bottom[i - 1], top[i], bottom[i], level)
            row |= {
                "difference": change.difference,
                "lower": change.lower,
                "upper": change.upper,
                "p": change.p,
            }
        rows.append(row)
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class InterruptedSeries:
    """Segmented regression. `terms`: term, estimate, standard_error, lower, upper, p for baseline (the level just
    before the start), slope before (per period), level change, slope change. `series`: period, value, fitted,
    counterfactual (the earlier line continued), used. `autocorrelation`: of the errors of successive periods, 0 or more.
    """

    terms: pd.DataFrame
    series: pd.DataFrame
    autocorrelation: float


def interrupted_time_series(
    numerator: ArrayLike,
    denominator: ArrayLike,
    start: int,
    minimum_periods: int,
    transition: int = 0,
    level: float = 0.95,
) -> InterruptedSeries:
    """Segmented regression of a proportion on time, weighted by denominators, with autocorrelated errors.

    One value per successive period. `start`: position of the first period with the intervention; `transition`:
    periods from there that are left out. Fit and degrees of freedom: `autoregressive_fit`. NotEstimable with fewer than
    `minimum_periods` used periods before or after: a slope of a few periods is a guess. Assumes that nothing else
    changed at the start. Source: Wagner et al. (2002), Journal of Clinical Pharmacy and Therapeutics 27, 299-309.
    """
    top, bottom = (np.atleast_1d(x) for x in checks.numerator_and_denominator(numerator, denominator))
    if transition < 0:
        raise Refused("transition must not be negative")
    place = np.arange(len(top), dtype=float)
    after = place >= start + transition
    used = ((place < start) | after) & (bottom > 0)
    if min((used & ~after).sum(), (used & after).sum()) < minimum_periods:
        raise NotEstimable(
            f"an interrupted time series needs at least {minimum_periods} periods before and as many after"
        )
    # Time counts from the first period used afterwards: the level change is then read off at that period.
    since = place - (start + transition)
    matrix = np.column_stack([np.ones(len(top)), since, after, np.where(after, since, 0.0)])
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(bottom > 0, top / bottom, np.nan)
    fit, autocorrelation = autoregressive_fit(value[used], matrix[used], bottom[used], place[used])
    before = matrix.copy()
    before[:, 2:] = 0
    series = pd.DataFrame(
        {
            "period": place.astype(int),
            "value": value,
            "fitted": matrix @ fit.estimate,
            "counterfactual": before @ fit.estimate,
            "used": used,
        }
    )
    terms = _terms(["baseline", "slope before", "level change", "slope change"], fit, level)
    return InterruptedSeries(terms, series, autocorrelation)


@dataclass(frozen=True)
class DifferenceInDifferences:
    """Effect of an intervention against comparison providers.

    `effect`, `standard_error`, `lower`, `upper`, `p`: change in the proportion beyond the comparison's change.
    `pre_trend` and `pre_trend_p`: difference in slope per period before the start (parallel trends would make it 0);
    NaN with fewer than two periods before. `event_study`: period, estimate, lower, upper: difference from the last
    period before. `clusters`: providers used; `notes`: what a reader must know.
    """

    effect: float
    standard_error: float
    lower: float
    upper: float
    p: float
    pre_trend: float
    pre_trend_p: float
    event_study: pd.DataFrame
    clusters: int
    notes: tuple[str, ...]


def difference_in_differences(
    providers: Sequence[Any] | ArrayLike | pd.Series,
    periods: ArrayLike,
    numerator: ArrayLike,
    denominator: ArrayLike,
    treated: Sequence[Any],
    start: float,
    level: float = 0.95,
) -> DifferenceInDifferences:
    """Two-way fixed effects on provider-by-period proportions, weighted by denominators, errors clustered by provider.

    One row per provider and period (cells without people may be absent or 0). `treated`: providers with the
    intervention, all from period `start` on (staggered starts need another method). Errors and degrees of freedom:
    `clustered_fit`, which allows for few providers. NotEstimable without both kinds of providers both before and after,
    or with one provider of a kind: nothing tells an effect from that provider's own course. Source: Bertrand, Duflo and
    Mullainathan (2004) for the clustering. Assumes parallel trends: see `pre_trend`.
    """
    top, bottom = (np.atleast_1d(x) for x in checks.numerator_and_denominator(numerator, denominator))
    names = checks.labels(providers, "providers", len(top))
    when = checks.column(periods, "periods", len(top))
    frame: Any = pd.DataFrame({"provider": names.astype(str), "period": when, "top": top, "bottom": bottom})
    if frame.duplicated(["provider", "period"]).any():
        raise Refused("a provider has two rows for one period: pool its counts first")
    cells: Any = frame[frame["bottom"] > 0]
    frame = cells.sort_values(["provider", "period"], ignore_index=True)
    frame["treated"] = frame["provider"].isin([str(t) for t in treated])
    frame["after"] = frame["period"] >= start
    if frame.groupby(["treated", "after"]).ngroups < 4:
        raise NotEstimable(
            "needs providers with and without the intervention, each before and after its start"
        )
    if frame.groupby("treated")["provider"].nunique().min() < 2:
        raise NotEstimable("needs at least two providers with and two without the intervention")
    interest = (frame["treated"] & frame["after"]).to_numpy(dtype=float)[:, None]
    fit = _two_way(frame, interest)
    effect = _terms(["effect"], fit, level).iloc[0]
    clusters = frame["provider"].nunique()
    notes = ["assumes that without the intervention both groups would have changed alike"]
    fewest = int(frame.groupby("treated")["provider"].nunique().min())
    if clusters < FEW_CLUSTERS or fewest < FEW_CLUSTERS / 4:
        notes.append(
            f"few providers ({clusters}, {fewest} in the smaller group): the interval rests on "
            f"{fit.degrees_of_freedom[0]:.1f} degrees of freedom"
        )
    slope, slope_p = _pre_trend(frame[~frame["after"]], notes, level)
    return DifferenceInDifferences(
        float(effect["estimate"]), float(effect["standard_error"]), float(effect["lower"]), float(effect["upper"]),
        float(effect["p"]), slope, slope_p, _event_study(frame, level), clusters, tuple(notes),
    )  # fmt: skip


def _two_way(frame: pd.DataFrame, interest: FloatArray) -> Fit:
    provider = pd.get_dummies(frame["provider"], dtype=float).to_numpy()
    period = pd.get_dummies(frame["period"], dtype=float).to_numpy()[:, 1:]
    matrix = np.column_stack([interest, provider, period])
    share = (frame["top"] / frame["bottom"]).to_numpy()
    codes = pd.factorize(frame["provider"])[0].astype(float)
    return clustered_fit(share, matrix, frame["bottom"].to_numpy(dtype=float), codes, interest.shape[1])


def _pre_trend(before: pd.DataFrame, notes: list[str], level: float) -> tuple[float, float]:
    if before["period"].nunique() < 2 or before.groupby("treated").ngroups < 2:
        notes.append("the pre-period check needs at least two periods before the start")
        return float("nan"), float("nan")
    slope = (before["treated"] * before["period"]).to_numpy(dtype=float)[:, None]
    term = _terms(["slope"], _two_way(before.reset_index(drop=True), slope), level).iloc[0]
    if term["p"] < 0.05:
        notes.append(
            "the groups were already moving apart before the start: the effect is not to be believed as it is"
        )
    return float(term["estimate"]), float(term["p"])


def _event_study(frame: pd.DataFrame, level: float) -> pd.DataFrame:
    last_before = frame.loc[~frame["after"], "period"].max()
    others = [p for p in sorted(frame["period"].unique()) if p != last_before]
    columns = np.column_stack(
        [(frame["treated"] & (frame["period"] == p)).to_numpy(dtype=float) for p in others]
    )
    terms = _terms(others, _two_way(frame, columns), level)
    table: Any = terms.rename(columns={"term": "period"})[["period", "estimate", "lower", "upper"]]
    reference = pd.DataFrame({"period": [last_before], "estimate": 0.0, "lower": 0.0, "upper": 0.0})
    both: Any = pd.concat([table, reference])
    return both.sort_values("period", ignore_index=True)


def _terms(names: Sequence[Any], fit: Fit, level: float) -> pd.DataFrame:
    lower, upper = fit.interval(level)
    return pd.DataFrame(
        {
            "term": list(names),
            "estimate": fit.estimate,
            "standard_error": fit.standard_error,
            "lower": lower,
            "upper": upper,
            "p": fit.p,
        }
    )
