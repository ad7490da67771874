"""Cox regression and the deaths it leads one to expect at each provider.

What belongs here: the partial likelihood (Efron ties, late entry), expected events per person, and observed over
expected per provider. What does not: Kaplan-Meier (`survival.py`), building covariates (`design_matrix.py`),
imputing and pooling (`imputation.py`, `pooling.py`).

Written out rather than taken from lifelines, whose fit with late entry loops over people in Python: the national
run fits 60,000 people ten times. Agreement with R's survival package and with lifelines is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray
from naome_pipeline.statistics.errors import NotConverged, NotEstimable
from naome_pipeline.statistics.intervals import indirectly_standardised_ratio
from naome_pipeline.statistics.linear_algebra import (
    cross_product,
    inverse,
    predictor,
    solve_positive,
    stable,
)
from naome_pipeline.statistics.survival import survival_columns

_STILL_MOVING = 0.02  # in standard deviations of the column


@dataclass(frozen=True)
class CoxFit:
    """A fitted model: `coefficients` and `covariance` (log hazard ratios, in the order of `names`).

    `expected`: events expected of each person over their own follow-up (cumulative hazard; sums to the observed
    events). `log_likelihood` and `null_log_likelihood` are partial. `separated` names columns whose coefficient runs
    away (nobody with that value has the event); their fitted value is large and finite, their error is not usable.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    covariance: FloatArray
    expected: FloatArray
    log_likelihood: float
    null_log_likelihood: float
    iterations: int
    separated: tuple[str, ...]

    @property
    def standard_errors(self) -> FloatArray:
        """Square roots of the diagonal of the covariance."""
        return np.sqrt(np.diag(self.covariance))


def fit_cox(
    covariates: ArrayLike | pd.DataFrame,
    durations: ArrayLike,
    events: ArrayLike,
    entry: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    maximum_iterations: int = 30,
) -> CoxFit:
    """Cox proportional hazards model by Newton's method with step halving; ties by Efron (1977), as R's default.

    `covariates`: people × columns, no constant column needed. ValueError for missing values; NotEstimable without
    any event; NotConverged when the likelihood does not settle for another reason than a runaway coefficient.
    """
    if names is None:
        names = list(covariates.columns) if isinstance(covariates, pd.DataFrame) else None
    exits, died, entered = survival_columns(durations, events, entry)
    matrix = np.asarray(covariates, dtype=float)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or len(matrix) != len(exits):
        raise Refused(f"covariates must have one row for each of the {len(exits)} people")
    if not np.all(np.isfinite(matrix)):
        raise Refused("covariates have missing or infinite values")
    if not died.any():
        raise NotEstimable("nobody has the event: there is nothing to model")
    labels = tuple(names) if names is not None else tuple(f"x{i + 1}" for i in range(matrix.shape[1]))
    if len(labels) != matrix.shape[1]:
        raise Refused("names must have one name per column")
    centre, scale = matrix.mean(0), matrix.std(0)
    if np.any(scale == 0):
        raise NotEstimable("a covariate has the same value for everybody")
    risk = _RiskSets(exits, died, entered, (matrix - centre) / scale)

    beta = np.zeros(matrix.shape[1])
    value, gradient, information = risk.likelihood(beta)
    null = value
    converged = False
    iteration, step, change = 0, beta, np.inf
    for iteration in range(1, maximum_iterations + 1):  # noqa: B007 (reported)
        step = solve_positive(information, gradient)
        candidate = risk.likelihood(beta + step)
        for _ in range(30):
            if np.isfinite(candidate[0]) and candidate[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
            candidate = risk.likelihood(beta + step)
        beta, change = beta + step, candidate[0] - value
        value, gradient, information = candidate
        if np.max(np.abs(step), initial=0) < 1e-9:
            converged = True
            break
    # The columns still moving when the likelihood no longer does are the ones whose estimate is infinite.
    moving = np.abs(step) > _STILL_MOVING
    runaway = () if converged else tuple(n for n, m in zip(labels, moving, strict=True) if m)
    if not converged and not (runaway and abs(change) < 1e-4 * (1 + abs(value))):
        raise NotConverged(f"the Cox model did not settle in {maximum_iterations} iterations")
    covariance = inverse(information) / np.outer(scale, scale)
    return CoxFit(
        labels, stable(beta / scale), covariance, risk.expected(beta), value, null, iteration, runaway
    )


class _RiskSets:
    """Sums over the people at risk at each event time, from two cumulative sums: by exit and by entry."""

    def __init__(self, exits: FloatArray, died: FloatArray, entered: FloatArray, matrix: FloatArray) -> None:
        self.matrix, self.died = matrix, died == 1
        self.times, self.deaths = np.unique(exits[self.died], return_counts=True)
        # Person i is in the risk sets of event times first..last−1 (entry < time ≤ exit).
        self.first = np.searchsorted(self.times, entered, side="right")
        self.last = np.searchsorted(self.times, exits, side="right")
        self.at = np.searchsorted(self.times, exits[self.died])
        # One row per (event time, tie order): Efron removes 0, 1/d, ... (d−1)/d of the tied deaths.
        self.row = np.repeat(np.arange(len(self.times)), self.deaths)
        starts = np.concatenate([[0], np.cumsum(self.deaths)[:-1]])
        self.fraction = (np.arange(len(self.row)) - starts[self.row]) / self.deaths[self.row]
        self.order_first, self.order_last = (
            np.argsort(self.first, kind="stable"),
            np.argsort(self.last, kind="stable"),
        )

    def _over_risk_sets(self, values: FloatArray) -> FloatArray:
        size = len(self.times) + 1
        total = np.zeros((size, *values.shape[1:]))
        for order, place, sign in ((self.order_first, self.first, 1), (self.order_last, self.last, -1)):
            sorted_place = place[order]
            edges = np.flatnonzero(np.diff(sorted_place, prepend=-1))
            total[sorted_place[edges]] += sign * np.add.reduceat(values[order], edges, axis=0)
        return np.cumsum(total, axis=0)[:-1]

    def _over_deaths(self, values: FloatArray) -> FloatArray:
        total = np.zeros((len(self.times), *values.shape[1:]))
        np.add.at(total, self.at, values[self.died])
        return total

    def likelihood(self, beta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        linear = predictor(self.matrix, beta)
        if np.max(np.abs(linear), initial=0) > 500:
            return -np.inf, beta, np.eye(len(beta))
        weight = np.exp(linear)
        weighted = weight[:, None] * self.matrix
        share = self.fraction
        s0 = self._over_risk_sets(weight)[self.row] - share * self._over_deaths(weight)[self.row]
        s1 = self._over_risk_sets(weighted)[self.row] - share[:, None] * self._over_deaths(weighted)[self.row]
        value = float(np.sum(linear[self.died]) - np.sum(np.log(s0)))
        mean = s1 / s0[:, None]
        gradient = self.matrix[self.died].sum(0) - mean.sum(0)
        # Σ over event times of the weighted second moments = one weighted cross product over people, the weight
        # being each person's own cumulative hazard: no people × columns² array is needed.
        hazard = self._hazard_weights(s0, weight)
        information = cross_product(self.matrix * hazard[:, None], self.matrix) - cross_product(
            mean, mean.copy()
        )
        return value, gradient, information

    def _hazard_weights(self, s0: FloatArray, weight: FloatArray) -> FloatArray:
        increments = np.bincount(self.row, weights=1 / s0, minlength=len(self.times))
        tied = np.bincount(self.row, weights=self.fraction / s0, minlength=len(self.times))
        cumulative = np.append(0.0, np.cumsum(increments))
        hazard = cumulative[self.last] - cumulative[self.first]
        hazard[self.died] -= tied[self.at]
        return hazard * weight

    def expected(self, beta: FloatArray) -> FloatArray:
        weight = np.exp(predictor(self.matrix, beta))
        s0 = self._over_risk_sets(weight)[self.row] - self.fraction * self._over_deaths(weight)[self.row]
        return self._hazard_weights(s0, weight)


def observed_and_expected(
    providers: Sequence[Any] | ArrayLike | pd.Series,
    events: ArrayLike,
    expected: ArrayLike,
    level: float = 0.95,
) -> pd.DataFrame:
    """Observed and expected events per provider: provider, people, observed, expected, ratio, lower, upper.

    `expected` is one value per person (averaged over imputations when there are several). The interval takes the
    expectation as known (`indirectly_standardised_ratio`). Providers in sorted order of their text.
    """
    happened = checks.indicator(events, "events")
    names = checks.labels(providers, "providers", len(happened))
    anticipated = checks.column(expected, "expected", len(happened))
    frame = pd.DataFrame({"provider": names, "people": 1, "observed": happened, "expected": anticipated})
    table = frame.groupby("provider", sort=False).sum().reset_index()
    table = table.sort_values("provider", key=lambda s: s.astype(str), kind="stable", ignore_index=True)
    ratio = indirectly_standardised_ratio(table["observed"], table["expected"], level)
    table["ratio"], table["lower"], table["upper"] = ratio
    return table
