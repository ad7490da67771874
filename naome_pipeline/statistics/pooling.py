"""Rubin's rules: one answer from several imputed data sets.

What belongs here: pooling estimates with their variances. What does not: making the imputations
(`imputation.py`) or the estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray


@dataclass(frozen=True)
class Pooled:
    """Pooled figures; each a float, or an array with one value per estimand.

    `variance` = `within` + (1 + 1/m)·`between`; `degrees_of_freedom` by Barnard and Rubin; `missing_information` is
    the fraction of information lost to missing values (mice's fmi), `share_between` is lambda; `p` tests 0.
    """

    estimate: FloatArray
    variance: FloatArray
    within: FloatArray
    between: FloatArray
    degrees_of_freedom: FloatArray
    lower: FloatArray
    upper: FloatArray
    p: FloatArray
    missing_information: FloatArray
    share_between: FloatArray

    @property
    def standard_error(self) -> FloatArray:
        """Square root of the total variance."""
        return np.sqrt(self.variance)


def barnard_rubin(share_between: ArrayLike, imputations: int, complete_degrees: float = np.inf) -> FloatArray:
    """Degrees of freedom from lambda, the number of imputations and the complete-data degrees of freedom.

    Source: Barnard and Rubin (1999). Infinite when nothing varies between imputations and the sample is unlimited.
    """
    share = checks.numbers(share_between, "share_between")
    if complete_degrees <= 0:
        raise Refused("complete_degrees must be greater than 0")
    with np.errstate(divide="ignore"):
        old = np.where(share > 0, (imputations - 1) / np.where(share > 0, share, 1) ** 2, np.inf)
    if np.isinf(complete_degrees):
        return old
    observed = (complete_degrees + 1) / (complete_degrees + 3) * complete_degrees * (1 - share)
    # 1/(1/old + 1/observed), written so that an infinite `old` gives `observed`.
    return observed / (1 + observed / old)


def pool(
    estimates: ArrayLike, variances: ArrayLike, complete_degrees: float = np.inf, level: float = 0.95
) -> Pooled:
    """Pool by Rubin's rules. `estimates` and `variances`: one value per imputation, or imputations × estimands.

    `complete_degrees`: n − k of the complete data, infinite for large samples. ValueError for fewer than two
    imputations, missing values or negative variances.
    """
    q, u = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    if q.shape != u.shape or q.ndim not in (1, 2) or len(q) < 2:
        raise Refused("estimates and variances must have the same shape and at least two imputations")
    if not (np.all(np.isfinite(q)) and np.all(np.isfinite(u))):
        raise Refused("estimates or variances have missing or infinite values")
    if np.any(u < 0):
        raise Refused("variances must not be negative")
    count = len(q)
    estimate, within, between = q.mean(0), u.mean(0), q.var(0, ddof=1)
    extra = (1 + 1 / count) * between
    variance = within + extra
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(variance > 0, extra / variance, 0.0)
        increase = np.where(within > 0, extra / within, np.where(extra > 0, np.inf, 0.0))
    degrees = np.maximum(barnard_rubin(share, count, complete_degrees), np.finfo(float).tiny)
    quantile = stats.t.ppf(0.5 + checks.level(level) / 2, degrees)
    error = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stats.t.sf(np.abs(estimate) / error, degrees)
        fraction = np.where(np.isinf(increase), 1.0, (increase + 2 / (degrees + 3)) / (increase + 1))
    return Pooled(
        estimate, variance, within, between, degrees, estimate - quantile * error, estimate + quantile * error, p,
        fraction, share,
    )  # fmt: skip
