"""Funnels: where each provider lies against the national figure, and what that position may be called.

What belongs here: states (within, alert, potential outlier, not assessed) with their direction, the three
domains, and the number of alerts that chance alone would give. What does not: the limits themselves and
overdispersion (`funnel_limits.py`), expected events (`risk_adjustment.py`), hiding small numbers (`disclosure/`).

A state is decided by the exact tail probability, strictly below 2.5% (alert) or 0.1% (potential outlier) on its
side, not by the drawn line. On the lower side the two are the same thing. On the upper side the published
interpolation draws the line up to one event too low: with 20 people and a national 2%, three events lie above the
99.8% line although chance gives three or more in 0.7% of such providers. Naming by the line would name small
providers unfairly, so every flagged point lies outside its line, while a point outside the upper line by less than
one event may be unflagged; both tail probabilities stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray
from naome_pipeline.statistics.funnel_limits import (
    ALERT_LEVEL,
    OUTLIER_LEVEL,
    Overdispersion,
    Scale,
    Trimming,
    binomial_limit,
    overdispersed_limits,
    overdispersion,
    poisson_limit,
    transformed_scores,
)

Direction = Literal["higher", "lower", "neutral"]

WITHIN, ALERT, OUTLIER, NOT_ASSESSED = "within", "alert", "potential outlier", "not assessed"
NEGATIVE_TAIL, CENTRAL_MASS, POSITIVE_TAIL = "negative tail", "central mass", "positive tail"
NEUTRAL_TAIL = "tail without a better side"

_TAIL = {"95": (1 - ALERT_LEVEL) / 2, "998": (1 - OUTLIER_LEVEL) / 2}


@dataclass(frozen=True)
class Minima:
    """What a provider needs to be assessed: people, expected events, share of complete records (0 to 1).

    Expected events are events at the national rate (or risk-adjusted); the defaults assess whoever has anybody.
    """

    denominator: float = 1
    expected: float = 0
    completeness: float = 0

    def __post_init__(self) -> None:
        if min(self.denominator, self.expected, self.completeness) < 0 or self.completeness > 1:
            raise Refused("minima must not be negative, and completeness at most 1")


@dataclass(frozen=True)
class Funnel:
    """One indicator's funnel.

    `table`: one row per provider in the order given: provider, numerator, denominator, expected, completeness, value,
    target, lower_998, lower_95, upper_95, upper_998, the same four with the prefix overdispersed_, p_low, p_high
    (exact tails), overdispersed_p_low, overdispersed_p_high, state, direction, overdispersed_state,
    overdispersed_direction, domain, reason (why not assessed), chance_low_95, chance_high_95, chance_low_998,
    chance_high_998 (probability that chance alone flags this provider), method.
    Without overdispersion (tau² 0) the overdispersed columns equal the plain ones; the overdispersed state is never
    graver than the plain one. `overdispersion` is None where it was not asked for (30-day mortality: exact limits
    only) or nobody is assessed; the overdispersed columns are then NaN and their states empty.
    """

    table: pd.DataFrame
    target: float
    overdispersion: Overdispersion | None
    method: str


def proportion_funnel(
    providers: Sequence[Any] | ArrayLike,
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    direction: Direction,
    target: float | None = None,
    completeness: ArrayLike | None = None,
    minima: Minima = Minima(),
    adjust_overdispersion: bool = True,
    trimming: Trimming = "winsorise",
    trim: float = 0.1,
) -> Funnel:
    """Funnel of a crude proportion: interpolated exact binomial limits, arcsine overdispersion.

    `target` is the pooled proportion of the given providers unless given. `direction` says which way is better.
    ValueError for impossible counts, unknown direction, or a provider named twice.
    """
    top, bottom = (np.atleast_1d(x) for x in checks.numerator_and_denominator(numerator, denominator))
    if target is None:
        target = float(top.sum() / bottom.sum()) if bottom.sum() > 0 else float("nan")
    elif not 0 <= target <= 1:
        raise Refused("target must lie between 0 and 1")
    base = np.full(len(top), target)
    frame = _start(providers, top, bottom, bottom * base, target, completeness, minima.completeness)
    frame["value"] = _ratio(top, bottom)
    defined = (bottom > 0) & np.isfinite(base)
    _exact_columns(frame, stats.binom(bottom, np.nan_to_num(base)), defined)
    for label, probability in _limit_columns():
        frame[label] = np.where(defined, binomial_limit(bottom, np.nan_to_num(base), probability), np.nan)
    method = "Interpolated exact binomial limits (Spiegelhalter 2005)"
    return _finish(
        frame, direction, minima, adjust_overdispersion, "arcsine", bottom, None, trimming, trim, method
    )


def ratio_funnel(
    providers: Sequence[Any] | ArrayLike,
    observed: ArrayLike,
    expected: ArrayLike,
    *,
    direction: Direction,
    denominator: ArrayLike | None = None,
    completeness: ArrayLike | None = None,
    minima: Minima = Minima(),
    adjust_overdispersion: bool = True,
    trimming: Trimming = "winsorise",
    trim: float = 0.1,
) -> Funnel:
    """Funnel of observed over expected events (target 1), log-scale overdispersion.

    Without `denominator` limits and overdispersion are Poisson: right for rare events and for Cox expected deaths. With it
    (people at risk, ≥ observed and expected) both are binomial with each provider's own expected proportion: Poisson limits
    would be too wide for common events, and a Poisson variance would hide overdispersion.
    """
    events = np.atleast_1d(checks.counts(observed, "observed"))
    mean = checks.column(expected, "expected", len(events))
    if np.any(mean < 0):
        raise Refused("expected must not be negative")
    defined = mean > 0
    if denominator is None:
        people = np.full(len(events), np.nan)
        exact: Any = stats.poisson(mean)
        limits = {label: poisson_limit(mean, p) for label, p in _limit_columns()}
        method = "Interpolated exact Poisson limits (Spiegelhalter 2005)"
    else:
        events, people = (np.atleast_1d(x) for x in checks.numerator_and_denominator(events, denominator))
        if np.any(mean > people * (1 + 1e-9)):
            raise Refused("expected must not exceed denominator")
        own = np.clip(np.nan_to_num(_ratio(mean, people)), 0, 1)
        exact = stats.binom(people, own)
        scale = np.where(defined, people / np.where(defined, mean, 1), np.nan)
        limits = {label: binomial_limit(people, own, p) * scale for label, p in _limit_columns()}
        method = (
            "Interpolated exact binomial limits at each provider's expected proportion (Spiegelhalter 2005)"
        )
    frame = _start(providers, events, people, mean, 1.0, completeness, minima.completeness)
    frame["value"] = _ratio(events, mean)
    _exact_columns(frame, exact, defined)
    for label, values in limits.items():
        frame[label] = np.where(defined, values, np.nan)
    at_risk = None if denominator is None else people
    return _finish(
        frame, direction, minima, adjust_overdispersion, "log", mean, at_risk, trimming, trim, method
    )


def false_alarms(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """How many flags chance alone would give over all assessed providers of all given funnel tables.

    One row per level (95, 998) and side (low, high): comparisons, expected_by_chance (sum of the exact
    probabilities; less than comparisons × 2.5% or 0.1% because counts are discrete), nominal, observed, and
    p_as_many: the Poisson probability of at least as many flags by chance. Indicators share patients, so flags are
    not independent and p_as_many is a guide, not a test.
    """
    assessed = [table[table["state"] != NOT_ASSESSED] for table in tables]
    rows = []
    for level, tail in _TAIL.items():
        for side in ("low", "high"):
            expected = float(sum(t[f"chance_{side}_{level}"].sum() for t in assessed))
            observed = int(sum((t[f"p_{side}"] < tail).sum() for t in assessed))
            comparisons = sum(len(t) for t in assessed)
            rows.append(
                {
                    "level": level,
                    "side": side,
                    "comparisons": comparisons,
                    "nominal": comparisons * tail,
                    "expected_by_chance": expected,
                    "observed": observed,
                    "p_as_many": float(stats.poisson.sf(observed - 1, expected)) if observed else 1.0,
                }
            )
    return pd.DataFrame(rows)


def _limit_columns() -> list[tuple[str, float]]:
    return [
        ("lower_998", _TAIL["998"]),
        ("lower_95", _TAIL["95"]),
        ("upper_95", 1 - _TAIL["95"]),
        ("upper_998", 1 - _TAIL["998"]),
    ]


def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0, top / bottom, np.nan)


def _start(
    providers: Any,
    top: FloatArray,
    people: FloatArray,
    expected: FloatArray,
    target: float,
    completeness: Any,
    minimum_completeness: float,
) -> pd.DataFrame:
    names = checks.labels(providers, "providers", len(top))
    if pd.Series(names).duplicated().any():
        raise Refused("a provider is named twice: pool its counts first")
    frame = pd.DataFrame({"provider": names, "numerator": top, "denominator": people, "expected": expected})
    if completeness is None:
        if minimum_completeness > 0:
            raise Refused("a minimum completeness is set but no completeness is given")
        frame["completeness"] = np.nan
    else:
        share = np.asarray(completeness, dtype=float)
        if share.shape != (len(top),) or np.any((share < 0) | (share > 1)):
            raise Refused("completeness must be one share between 0 and 1 per provider")
        frame["completeness"] = share
    frame["target"] = target
    return frame


def _exact_columns(frame: pd.DataFrame, distribution: Any, defined: Any) -> None:
    """Tail probabilities of the observed count, and the probability that chance flags this provider."""
    events = frame["numerator"].to_numpy()
    with np.errstate(invalid="ignore"):
        low, high = distribution.cdf(events), distribution.sf(events - 1)
        frame["p_low"] = np.where(defined, low, np.nan)
        frame["p_high"] = np.where(defined, high, np.nan)
        for level, tail in _TAIL.items():
            below = distribution.cdf(distribution.ppf(tail) - 1)
            edge = distribution.ppf(1 - tail)
            above = np.where(distribution.sf(edge) < tail, distribution.sf(edge), distribution.sf(edge + 1))
            frame[f"chance_low_{level}"] = np.where(defined, below, np.nan)
            frame[f"chance_high_{level}"] = np.where(defined, above, np.nan)


def _finish(
    frame: pd.DataFrame,
    direction: Direction,
    minima: Minima,
    adjust_overdispersion: bool,
    scale: Scale,
    size: FloatArray,
    people: FloatArray | None,
    trimming: Trimming,
    trim: float,
    method: str,
) -> Funnel:
    if direction not in ("higher", "lower", "neutral"):
        raise Refused(f"direction must be higher, lower or neutral, not {direction}")
    target = frame["target"].to_numpy()
    # With one or two people the interpolated line can fall on the wrong side of the target it surrounds.
    for label, _ in _limit_columns():
        pick = np.fmin if label.startswith("lower") else np.fmax
        frame[label] = np.where(np.isnan(frame[label]), np.nan, pick(frame[label], target))
    frame["reason"] = _reasons(frame, minima)
    assessed = (frame["reason"] == "").to_numpy()

    found = None
    for column in ["overdispersed_" + c for c, _ in _limit_columns()] + [
        "overdispersed_p_low",
        "overdispersed_p_high",
    ]:
        frame[column] = np.nan
    usable = assessed & (np.isfinite(target)) & (target > 0)
    if people is not None:
        usable &= size < people  # an event that is certain has no spread
    if adjust_overdispersion and usable.any():
        top, mean = frame["numerator"].to_numpy(), float(target[0])
        at_risk = None if people is None else people[usable]
        found = overdispersion(top[usable], size[usable], mean, scale, trimming, trim, at_risk)
        _overdispersed_columns(frame, found, size, people, mean)
        method += (
            f"; additive overdispersion on the {scale} scale, {round(trim * 100)}% {trimming}d, "
            f"phi {found.phi:.3f}, tau² {found.tau_squared:.5f}"
        )

    frame["state"], side = _states(frame["p_low"], frame["p_high"], assessed)
    frame["direction"] = _named(side, direction)
    if found is None:
        frame["overdispersed_state"], frame["overdispersed_direction"] = "", ""
    else:
        # Widening excuses and never accuses: the normal approximation behind it can be narrower than the exact
        # limits where counts are small, so a flag must stand under both.
        low, high = (np.fmax(frame[f"overdispersed_p_{x}"], frame[f"p_{x}"]) for x in ("low", "high"))
        wide, wide_side = _states(low, high, assessed)
        frame["overdispersed_state"], frame["overdispersed_direction"] = wide, _named(wide_side, direction)
    frame["domain"] = _domains(frame["state"].to_numpy(), side, direction)
    frame["method"] = method
    return Funnel(frame, float(target[0]) if len(target) else float("nan"), found, method)


def _overdispersed_columns(
    frame: pd.DataFrame, found: Overdispersion, size: FloatArray, people: FloatArray | None, target: float
) -> None:
    if not found.detected:
        for column in [c for c, _ in _limit_columns()] + ["p_low", "p_high"]:
            frame[f"overdispersed_{column}"] = frame[column]
        return
    for level, name in ((OUTLIER_LEVEL, "998"), (ALERT_LEVEL, "95")):
        lower, upper = overdispersed_limits(size, target, found, level, people)
        frame[f"overdispersed_lower_{name}"], frame[f"overdispersed_upper_{name}"] = lower, upper
    positive = size > 0
    distance, error = transformed_scores(
        frame["numerator"].to_numpy()[positive],
        size[positive],
        target,
        found.scale,
        None if people is None else people[positive],
    )
    z = distance / np.sqrt(error**2 + found.tau_squared)
    frame.loc[positive, "overdispersed_p_low"] = stats.norm.cdf(z)
    frame.loc[positive, "overdispersed_p_high"] = stats.norm.sf(z)


def _reasons(frame: pd.DataFrame, minima: Minima) -> FloatArray:
    people, expected = frame["denominator"], frame["expected"]
    # A provider whose completeness is unknown cannot be shown to meet a minimum.
    incomplete = (
        ~(frame["completeness"] >= minima.completeness) if minima.completeness > 0 else people.isna() & False
    )
    return np.select(
        [
            people < minima.denominator,
            expected.isna() | (expected < minima.expected),
            frame["p_low"].isna(),
            incomplete,
        ],
        ["too few people", "too few expected events", "nothing to compare", "data too incomplete"],
        default="",
    )


def _states(p_low: Any, p_high: Any, assessed: Any) -> tuple[Any, Any]:
    """State, and the side it is on: -1 below, +1 above, 0 neither."""
    low, high = np.asarray(p_low), np.asarray(p_high)
    smaller = np.fmin(low, high)
    state = np.select(
        [~assessed, smaller < _TAIL["998"], smaller < _TAIL["95"]], [NOT_ASSESSED, OUTLIER, ALERT], WITHIN
    )
    side = np.where((state == ALERT) | (state == OUTLIER), np.where(low < high, -1, 1), 0)
    return state, side


def _named(side: Any, direction: Direction) -> Any:
    """better or worse by the indicator's direction; for a neutral indicator lower or higher; empty within limits."""
    below, above = {
        "higher": ("worse", "better"),
        "lower": ("better", "worse"),
        "neutral": ("lower", "higher"),
    }[direction]
    return np.select([side < 0, side > 0], [below, above], default="")


def _domains(state: Any, side: Any, direction: Direction) -> Any:
    """The plan's three domains; the tails are potential outliers, worse (negative) or better (positive).

    A potential outlier of a neutral indicator is in neither, and not in the central mass: NEUTRAL_TAIL. Not assessed: empty.
    """
    outlier = state == OUTLIER
    good = {"higher": side, "lower": -side, "neutral": np.zeros_like(side)}[direction]
    return np.select(
        [state == NOT_ASSESSED, outlier & (good < 0), outlier & (good > 0), outlier],
        ["", NEGATIVE_TAIL, POSITIVE_TAIL, NEUTRAL_TAIL],
        default=CENTRAL_MASS,
    )
