"""Funnel limits: the lines around a national figure, and the exact probability of lying beyond them.

What belongs here: interpolated exact limits (binomial, Poisson), exact tail probabilities, additive
overdispersion (phi, tau²) and the limits it widens. What does not: what a position means for a provider
(`funnel.py`).

Source: Spiegelhalter (2005), Funnel plots for comparing institutional performance, Statistics in Medicine 24,
1185-1202, appendix A.1; overdispersion as published for the Summary Hospital-level Mortality Indicator (log
scale) and by Spiegelhalter et al. (2012), JRSS A 175, 1-47.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray

ALERT_LEVEL = 0.95  # two-sided; "2 standard deviations", z = 1.96
OUTLIER_LEVEL = 0.998  # two-sided; "3 standard deviations", z = 3.09

Trimming = Literal["winsorise", "truncate"]
Scale = Literal["arcsine", "log"]


def binomial_limit(denominator: ArrayLike, target: ArrayLike, probability: float) -> Any:
    """Interpolated exact binomial limit, as a proportion between 0 and 1.

    With r the smallest count whose cumulative probability reaches `probability`, the limit is (r − a)/n where
    a = (F(r) − p)/(F(r) − F(r − 1)). n = 1000, target 0.02, p = 0.001 gives 0.00723545146303. Below the first
    count the line would be negative: 0. NaN without a denominator.
    """
    total, mean = np.broadcast_arrays(
        checks.counts(denominator, "denominator"), checks.numbers(target, "target")
    )
    if np.any((mean < 0) | (mean > 1)):
        raise Refused("target must lie between 0 and 1")
    count = _interpolated(stats.binom(total, mean), probability)
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = np.clip(count / total, 0, 1)
    # A certain outcome has no tail; interpolation below the only possible count would draw one.
    limit = np.where((mean == 0) | (mean == 1), mean, limit)
    return _plain(np.where(total == 0, np.nan, limit))


def poisson_limit(expected: ArrayLike, probability: float) -> Any:
    """Interpolated exact Poisson limit, as a ratio to `expected` (E = 100, p = 0.001 gives 0.700652842649).

    NaN where nothing is expected.
    """
    mean = checks.numbers(expected, "expected")
    if np.any(mean < 0):
        raise Refused("expected must not be negative")
    positive = np.where(mean > 0, mean, 1.0)
    limit = np.maximum(_interpolated(stats.poisson(positive), probability), 0) / positive
    return _plain(np.where(mean > 0, limit, np.nan))


@dataclass(frozen=True)
class Overdispersion:
    """Additive overdispersion of one indicator over its providers.

    `phi`: mean of the squared trimmed z scores (1 when chance alone acts). `tau_squared`: variance between providers
    on the transformed scale, 0 unless `providers` · phi > `providers` − 1. `providers`: how many entered (truncation
    leaves some out). `scale` and `trimming` name the method.
    """

    phi: float
    tau_squared: float
    providers: int
    scale: Scale
    trimming: Trimming

    @property
    def detected(self) -> bool:
        """Whether the overdispersed limits differ from the plain ones."""
        return self.tau_squared > 0


def transformed_scores(
    numerator: ArrayLike,
    denominator: ArrayLike,
    target: ArrayLike,
    scale: Scale,
    people: ArrayLike | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Distance from the target on the transformed scale, and its standard error, per provider.

    arcsine: asin√(r/n) − asin√target, error 1/(2√n); numerator and denominator are counts. log: log(O/E) − log(target);
    the denominator is the expected number. Its error is 1/√E for rare events (Poisson) and, given the `people` at risk,
    √(1/E − 1/n): that of a binomial count at the provider's expected proportion (Katz et al. 1978), which the exact limits
    use too. An event that half of the people have varies half as much as a Poisson count. No event has no logarithm: half an
    event stands in.
    """
    top, bottom = checks.column(numerator, "numerator"), checks.column(denominator, "denominator")
    mean = checks.numbers(target, "target")
    if len(top) != len(bottom):
        raise Refused("numerator and denominator differ in length")
    if np.any(bottom <= 0) or np.any(top < 0):
        raise Refused("denominators must be greater than 0 and numerators not negative")
    if scale == "arcsine":
        if np.any(top > bottom):
            raise Refused("numerator must not exceed denominator")
        return np.arcsin(np.sqrt(top / bottom)) - np.arcsin(np.sqrt(mean)), 1 / (2 * np.sqrt(bottom))
    if scale == "log":
        if np.any(mean <= 0):
            raise Refused("target must be greater than 0 on the log scale")
        return np.log(np.where(top == 0, 0.5, top) / bottom) - np.log(mean), np.sqrt(
            _log_variance(bottom, people)
        )
    raise Refused(f"scale must be arcsine or log, not {scale}")


def overdispersion(
    numerator: ArrayLike,
    denominator: ArrayLike,
    target: float,
    scale: Scale,
    trimming: Trimming = "winsorise",
    trim: float = 0.1,
    people: ArrayLike | None = None,
) -> Overdispersion:
    """Phi and tau² over providers, z scores trimmed by `trim` at each end; `people` as in `transformed_scores`.

    winsorise: z scores beyond the `trim` and 1 − `trim` quantiles (linear interpolation) are set to them.
    truncate: the providers in the outermost tenths by rank, floor(rank · 10/(I + 1)) equal to 0 or 9, are left out.
    phi = Σz²/I; tau² = (I·phi − (I − 1)) / (Σw − Σw²/Σw) with w = 1/error², 0 unless I·phi > I − 1.
    One provider, or none, shows no variation between providers: phi is NaN for none, tau² is 0.
    """
    if not 0 <= trim < 0.5:
        raise Refused("trim must be at least 0 and below 0.5")
    distance, error = transformed_scores(numerator, denominator, target, scale, people)
    z = distance / error
    if trimming == "truncate":
        if trim > 0:
            parts = 1 / trim
            part = np.floor(stats.rankdata(z) * parts / (len(z) + 1))
            kept = (part > 0) & (part < parts - 1)
            z, error = z[kept], error[kept]
    elif trimming == "winsorise":
        if len(z):
            z = np.clip(z, *np.quantile(z, [trim, 1 - trim]))
    else:
        raise Refused(f"trimming must be winsorise or truncate, not {trimming}")
    count = len(z)
    if count == 0:
        return Overdispersion(float("nan"), 0.0, 0, scale, trimming)
    phi = float(np.mean(z**2))
    weights = error**-2.0
    spread = float(weights.sum() - np.sum(weights**2) / weights.sum())
    tau_squared = (count * phi - (count - 1)) / spread if count > 1 and count * phi > count - 1 else 0.0
    return Overdispersion(phi, max(tau_squared, 0.0), count, scale, trimming)


def overdispersed_limits(
    denominator: ArrayLike,
    target: ArrayLike,
    found: Overdispersion,
    level: float,
    people: ArrayLike | None = None,
) -> tuple[Any, Any]:
    """Lower and upper overdispersed limit at a two-sided `level`, on the scale of the figure itself.

    arcsine: sin²(asin√target ± z·√(1/4n + tau²)), the angle kept between 0 and π/2. log: target·exp(± z·√(s² + tau²)), s
    the error of `transformed_scores`. NaN where the denominator is 0.
    """
    size, mean = checks.numbers(denominator, "denominator"), checks.numbers(target, "target")
    z = float(stats.norm.ppf(0.5 + checks.level(level) / 2))
    with np.errstate(divide="ignore"):
        if found.scale == "arcsine":
            half = z * np.sqrt(1 / (4 * size) + found.tau_squared)
            centre = np.arcsin(np.sqrt(mean))
            lower, upper = (np.sin(np.clip(centre + s * half, 0, np.pi / 2)) ** 2 for s in (-1, 1))
        else:
            half = z * np.sqrt(_log_variance(size, people) + found.tau_squared)
            with np.errstate(over="ignore"):
                lower, upper = mean * np.exp(-half), mean * np.exp(half)
    return _plain(np.where(size > 0, lower, np.nan)), _plain(np.where(size > 0, upper, np.nan))


def _log_variance(expected: FloatArray, people: ArrayLike | None) -> FloatArray:
    """Variance of log(O/E): Poisson, or binomial among so many people."""
    with np.errstate(divide="ignore"):
        poisson = 1 / expected
        return poisson if people is None else np.maximum(poisson - 1 / checks.numbers(people, "people"), 0)


def _interpolated(distribution: Any, probability: float) -> FloatArray:
    if not 0 < probability < 1:
        raise Refused("probability must lie strictly between 0 and 1")
    count = distribution.ppf(probability)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = (distribution.cdf(count) - probability) / distribution.pmf(count)
    return count - excess


def _plain(values: Any) -> Any:
    return float(values) if np.ndim(values) == 0 else np.asarray(values)
