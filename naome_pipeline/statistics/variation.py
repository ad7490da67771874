"""How much of an indicator's variation lies between providers, and what goes with it.

What belongs here: the random-intercept logistic model, its median odds ratio and intraclass correlation with
intervals, odds ratios of associated factors. What does not: naming providers (`funnel.py`); this view has no
provider in it.

The likelihood is integrated by adaptive Gauss-Hermite quadrature (as R's lme4 with nAGQ > 1; agreement is tested);
statsmodels offers this model only by Laplace or variational approximation, which shrink the variance between small
providers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import linalg, optimize, special, stats

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray
from naome_pipeline.statistics.errors import NotConverged, NotEstimable
from naome_pipeline.statistics.linear_algebra import (
    cross_product,
    inverse,
    predictor,
    stable,
    total,
)

LATENT_VARIANCE = np.pi**2 / 3  # of the standard logistic distribution
_LARGEST_SIGMA = 10.0
_GRADIENT = 1e-5  # parameters are scaled to unit curvature, so this is in standard errors


class Estimate(NamedTuple):
    """A figure with its interval."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Variation:
    """A fitted random-intercept model.

    `sigma`: standard deviation between groups on the log-odds scale; `median_odds_ratio` (1: no variation) and
    `intraclass_correlation` (latent scale, 0 to 1) are functions of it; all with profile-likelihood intervals.
    `p`: test of no variation (half chi-squared with one degree of freedom). `factors`: term, coefficient,
    standard_error, odds_ratio, lower, upper, p (Wald). `group_effects`: group, effect (mode of the log-odds
    difference). `groups`, `people`: sizes. `log_likelihood`: with the binomial constants left out.
    """

    sigma: Estimate
    median_odds_ratio: Estimate
    intraclass_correlation: Estimate
    p: float
    factors: pd.DataFrame
    group_effects: pd.DataFrame
    log_likelihood: float
    groups: int
    people: int


def median_odds_ratio(sigma: ArrayLike) -> Any:
    """exp(√2 · sigma · 0.6745): the median of odds ratios between two people alike in two random providers.

    Source: Larsen and Merlo (2005), American Journal of Epidemiology 161, 81-88. `sigma` ≥ 0.
    """
    spread = checks.numbers(sigma, "sigma")
    if np.any(spread < 0):
        raise Refused("sigma must not be negative")
    value = np.exp(np.sqrt(2) * spread * stats.norm.ppf(0.75))
    return float(value) if value.ndim == 0 else value


def intraclass_correlation(sigma: ArrayLike) -> Any:
    """sigma² / (sigma² + π²/3): share of the latent variation that lies between groups. `sigma` ≥ 0."""
    spread = checks.numbers(sigma, "sigma")
    if np.any(spread < 0):
        raise Refused("sigma must not be negative")
    value = spread**2 / (spread**2 + LATENT_VARIANCE)
    return float(value) if value.ndim == 0 else value


def between_provider_variation(
    groups: Sequence[Any] | ArrayLike | pd.Series,
    numerator: ArrayLike,
    denominator: ArrayLike | None = None,
    factors: pd.DataFrame | None = None,
    offset: ArrayLike | None = None,
    level: float = 0.95,
    nodes: int = 9,
) -> Variation:
    """Random-intercept logistic model of events in groups.

    One row per person (`numerator` 0/1, `denominator` None) or per cell of counts. `factors`: numeric columns without a
    constant (patient, hospital or regional). `offset`: a known log odds per row, for instance the logit of a risk
    model's prediction, which adjusts without estimating the factors again. `nodes`: quadrature points per group.
    NotEstimable for fewer than two groups with anybody in them or when all outcomes are alike; NotConverged when the
    likelihood does not settle.
    """
    events, people = checks.numerator_and_denominator(numerator, 1 if denominator is None else denominator)
    events, people = np.atleast_1d(events), np.atleast_1d(people)
    names = checks.labels(groups, "groups", len(events))
    if nodes < 5:
        raise Refused("nodes must be at least 5: with fewer, the gradient is not that of the approximation")
    if factors is not None and len(factors) != len(events):
        raise Refused(f"factors must have one row for each of the {len(events)} rows")
    shift = np.zeros(len(events)) if offset is None else checks.column(offset, "offset", len(events))
    columns = np.empty((len(events), 0)) if factors is None else factors.to_numpy(dtype=float)
    if not np.all(np.isfinite(columns)):
        raise Refused("factors have missing or infinite values")
    if factors is None and offset is None:
        # Nothing tells people of a group apart: one cell per group is the same likelihood.
        cells = pd.DataFrame({"g": names, "e": events, "n": people}).groupby("g", sort=False).sum()
        names, events, people = cells.index.to_numpy(), cells["e"].to_numpy(), cells["n"].to_numpy()
        columns, shift = np.empty((len(cells), 0)), np.zeros(len(cells))
    keep = people > 0
    names, events, people, shift, columns = (
        names[keep],
        events[keep],
        people[keep],
        shift[keep],
        columns[keep],
    )
    # Sorted by group, then by content: sums, and so the result, do not depend on the order of rows.
    order = np.lexsort((shift, events, *columns.T, names.astype(str)))
    names, events, people, shift, columns = (x[order] for x in (names, events, people, shift, columns))
    labels, place = np.unique(names.astype(str), return_inverse=True)
    if len(labels) < 2:
        raise NotEstimable("variation between groups needs at least two groups with people")
    if events.sum() in (0, people.sum()):
        raise NotEstimable("everybody has the same outcome: there is no variation to divide")
    if np.any(np.ptp(columns, axis=0) == 0):
        raise NotEstimable("a factor has the same value for everybody")
    raw = np.column_stack([np.ones(len(events)), columns])
    # Parameters on which the likelihood has about unit curvature: the optimiser then needs few steps.
    crude = events.sum() / people.sum()
    curvature = cross_product(raw * (people * crude * (1 - crude))[:, None], raw)
    transform = _inverse_root(curvature)
    model = _RandomIntercept(
        np.einsum("ij,jk->ik", raw, transform), events, people, shift, place, len(labels), nodes
    )

    null_beta, null_value = model.maximise(0.0, np.zeros(raw.shape[1]))
    beta, sigma, value = model.maximise_all(null_beta, null_value)
    interval = _profile_interval(model, (beta, sigma, value), null_value, level)
    covariance = transform @ model.covariance(beta, sigma)[: len(beta), : len(beta)] @ transform.T
    terms = ["constant", *(() if factors is None else map(str, factors.columns))]
    return Variation(
        sigma=Estimate(float(sigma), *interval),
        median_odds_ratio=Estimate(*(median_odds_ratio(s) for s in (sigma, *interval))),
        intraclass_correlation=Estimate(*(intraclass_correlation(s) for s in (sigma, *interval))),
        p=float(0.5 * stats.chi2.sf(max(2 * (value - null_value), 0), 1)) if sigma > 0 else 1.0,
        factors=_wald(terms, stable(transform @ beta), np.sqrt(np.diag(covariance)), level),
        group_effects=pd.DataFrame({"group": labels, "effect": model.modes}),
        log_likelihood=value,
        groups=len(labels),
        people=int(people.sum()),
    )


def _inverse_root(matrix: FloatArray) -> FloatArray:
    """R⁻¹ of the upper Cholesky factor R; NotEstimable when the columns behind the matrix repeat each other."""
    try:
        root = linalg.cholesky(matrix, lower=False)
    except linalg.LinAlgError as error:
        raise NotEstimable("the factors repeat each other: one is a combination of others") from error
    if np.min(np.abs(np.diag(root))) < 1e-8 * np.max(np.abs(np.diag(root))):
        raise NotEstimable("the factors repeat each other: one is a combination of others")
    return linalg.solve_triangular(root, np.eye(len(matrix)), lower=False)


class _AtNodes(NamedTuple):
    """The integrand at its quadrature points. `logs`: log-likelihood per group; `share`, `nodes`: groups × points, the
    share of each point in the integral, and the standardised effect there; `residuals`: points × rows, events less those
    expected."""

    logs: FloatArray
    share: FloatArray
    nodes: FloatArray
    residuals: FloatArray


class _RandomIntercept:
    """Likelihood of the model, its gradient, and its maximum for a given sigma."""

    def __init__(
        self,
        matrix: FloatArray,
        events: FloatArray,
        people: FloatArray,
        shift: FloatArray,
        place: Any,
        groups: int,
        nodes: int,
    ) -> None:
        self.matrix, self.events, self.people, self.shift = matrix, events, people, shift
        self.place, self.groups = place, groups
        self.starts = np.searchsorted(place, np.arange(groups))
        # Without variation all points are alike: one of them is the integral.
        self.points_alike, self.points = (np.polynomial.hermite_e.hermegauss(n) for n in (1, nodes))
        self.modes = np.zeros(groups)

    def _sum(self, values: FloatArray) -> FloatArray:
        return np.bincount(self.place, weights=values, minlength=self.groups)

    def _find_modes(self, fixed: FloatArray, sigma: float) -> FloatArray:
        """Modes u of each group's integrand on the standardised scale; returns the curvature there."""
        # Modes of another sigma are a good start, unless this one is so small that they lie far out.
        u = np.clip(self.modes / sigma, -4, 4) if sigma > 0 else np.zeros(self.groups)
        for _ in range(50):
            p = special.expit(fixed + sigma * u[self.place])
            gradient = sigma * self._sum(self.events - self.people * p) - u
            curvature = sigma**2 * self._sum(self.people * p * (1 - p)) + 1
            # A damped step: far from the mode the curve is flat and a full one would overshoot.
            step = np.clip(gradient / curvature, -3, 3)
            u = u + step
            if np.max(np.abs(step)) < 1e-9:
                break
        p = special.expit(fixed + sigma * u[self.place])
        self.modes = sigma * u
        return sigma**2 * self._sum(self.people * p * (1 - p)) + 1

    def _at_nodes(self, beta: FloatArray, sigma: float) -> _AtNodes:
        """The integrand of every group at its quadrature points."""
        fixed = predictor(self.matrix, beta) + self.shift
        scale = 1 / np.sqrt(self._find_modes(fixed, sigma))
        u = self.modes / sigma if sigma > 0 else np.zeros(self.groups)
        points, weights = self.points if sigma > 0 else self.points_alike
        nodes = u[:, None] + scale[:, None] * points[None, :]
        logs = np.empty(nodes.shape)
        residuals = np.empty((len(points), len(fixed)))
        for k in range(len(points)):
            linear = fixed + sigma * nodes[self.place, k]
            small = np.exp(-np.abs(linear))
            # log(1 + exp(l)) and expit(l) from one exponential.
            logs[:, k] = self._sum(
                self.events * linear - self.people * (np.maximum(linear, 0) + np.log1p(small))
            )
            residuals[k] = self.events - self.people * np.where(linear >= 0, 1.0, small) / (1 + small)
        logs += np.log(weights) + points**2 / 2 - nodes**2 / 2
        logs += np.log(scale)[:, None] - 0.5 * np.log(2 * np.pi)
        largest = logs.max(axis=1)
        per_group = largest + np.log(np.exp(logs - largest[:, None]).sum(axis=1))
        return _AtNodes(per_group, np.exp(logs - per_group[:, None]), nodes, residuals)

    def value_and_gradient(self, beta: FloatArray, sigma: float) -> tuple[float, FloatArray]:
        """Log-likelihood and its gradient in (beta, sigma)."""
        at = self._at_nodes(beta, sigma)
        weighted = np.zeros(len(self.events))
        slope = 0.0
        for k, residual in enumerate(at.residuals):
            part = residual * at.share[self.place, k]
            weighted += part
            slope += float(self._sum(part) @ at.nodes[:, k])
        return float(at.logs.sum()), np.append(total(self.matrix, weighted), slope)

    def maximise(
        self, sigma: float, start: FloatArray, inverse_curvature: FloatArray | None = None
    ) -> tuple[FloatArray, float]:
        """Best beta for a given sigma. `inverse_curvature`: of the log-likelihood nearby, if it is known."""

        def negative(beta: FloatArray) -> tuple[float, FloatArray]:
            value, gradient = self.value_and_gradient(beta, sigma)
            return -value, -gradient[:-1]

        options: dict[str, Any] = {"gtol": _GRADIENT, "hess_inv0": inverse_curvature}
        found = optimize.minimize(negative, start, jac=True, method="BFGS", options=options)
        self._check(found)
        return found.x, -float(found.fun)

    def maximise_all(self, beta: FloatArray, null_value: float) -> tuple[FloatArray, float, float]:
        """Best beta and sigma, sigma at least 0."""

        scale = np.sqrt(2 * self.groups)  # unit curvature for sigma too

        def negative(parameters: FloatArray) -> tuple[float, FloatArray]:
            value, gradient = self.value_and_gradient(parameters[:-1], abs(parameters[-1]) / scale)
            gradient[-1] *= np.copysign(1 / scale, parameters[-1])
            return -value, -gradient

        start = np.append(beta, 0.3 * scale)
        found = optimize.minimize(negative, start, jac=True, method="BFGS", options={"gtol": _GRADIENT})
        self._check(found)
        sigma = float(abs(found.x[-1]) / scale)
        if sigma > _LARGEST_SIGMA:
            raise NotConverged("the variance between groups runs away: hardly any group has both outcomes")
        # The likelihood is flat at 0 by symmetry; a sigma that gains nothing is no variation.
        if -found.fun <= null_value + 1e-7 or sigma < 1e-4:
            return beta, 0.0, null_value
        return found.x[:-1], sigma, -float(found.fun)

    def covariance(self, beta: FloatArray, sigma: float) -> FloatArray:
        """Inverse of the observed information in (beta, sigma); in beta alone where sigma is 0.

        The information that is left when the group's effect is not known (Louis 1982): the mean information at the
        points of quadrature less the variance of the score over them.
        """
        at = self._at_nodes(beta, sigma)
        curve = np.zeros(len(self.events))
        curve_u, curve_uu = np.zeros(len(self.events)), 0.0
        scores = np.empty((self.groups, at.nodes.shape[1], len(beta) + 1))
        for k, residual in enumerate(at.residuals):
            p = (self.events - residual) / self.people
            part = self.people * p * (1 - p) * at.share[self.place, k]
            u = at.nodes[:, k]
            curve += part
            curve_u += part * u[self.place]
            curve_uu += float(self._sum(part) @ u**2)
            scores[:, k, :-1] = np.add.reduceat(self.matrix * residual[:, None], self.starts, axis=0)
            scores[:, k, -1] = self._sum(residual) * u
        information = np.empty((len(beta) + 1, len(beta) + 1))
        information[:-1, :-1] = cross_product(self.matrix * curve[:, None], self.matrix)
        information[-1, :-1] = information[:-1, -1] = total(self.matrix, curve_u)
        information[-1, -1] = curve_uu
        centred = scores - np.einsum("gk,gkj->gj", at.share, scores)[:, None, :]
        flat = (centred * np.sqrt(at.share)[:, :, None]).reshape(-1, len(beta) + 1)
        information -= cross_product(flat, flat)
        used = len(beta) + (sigma > 0)
        found = inverse(information[:used, :used])
        return (found + found.T) / 2

    def _check(self, found: Any) -> None:
        # "Precision loss" at a flat maximum is a success; a gradient that is still steep is not.
        if not found.success and np.max(np.abs(found.jac)) > 1e-2:
            raise NotConverged("the random-intercept model did not settle")


def _profile_interval(
    model: _RandomIntercept, fitted: tuple[FloatArray, float, float], null_value: float, level: float
) -> tuple[float, float]:
    """Sigmas whose profile log-likelihood lies within half a chi-squared quantile of the maximum.

    `fitted`: beta, sigma and the log-likelihood there. NotEstimable where no sigma is too large.
    """
    beta, sigma, value = fitted
    drop = stats.chi2.ppf(checks.level(level), 1) / 2
    warm = beta
    curvature = model.covariance(beta, sigma)[: len(beta), : len(beta)]

    @cache
    def excess(candidate: float) -> float:
        # The signed root of the likelihood ratio is close to a straight line in sigma: few steps find its zero.
        nonlocal warm
        if candidate == sigma:
            return float(np.sqrt(drop))
        warm, found = model.maximise(candidate, warm, curvature)
        return float(np.sqrt(drop) - np.sqrt(max(value - found, 0)))

    def crossing(low: float, high: float) -> float:
        try:
            return float(optimize.brentq(excess, low, high, xtol=1e-5, rtol=1e-5))  # type: ignore[arg-type]
        except ValueError as error:
            raise NotConverged("the profile of the likelihood does not cross its bound") from error

    lower = crossing(1e-6, sigma) if value - null_value > drop else 0.0
    warm = beta
    near, far = sigma, max(1.5 * sigma, sigma + 0.1)
    while excess(far) > 0:
        near, far = far, 2 * far
        if far > 4 * _LARGEST_SIGMA:
            raise NotEstimable(
                "the likelihood sets no upper limit to the variation between groups: too few people"
            )
    return lower, crossing(max(near, 1e-6), far)


def _wald(terms: list[str], coefficients: FloatArray, errors: FloatArray, level: float) -> pd.DataFrame:
    z = float(stats.norm.ppf(0.5 + level / 2))
    with np.errstate(over="ignore"):
        return pd.DataFrame(
            {
                "term": terms,
                "coefficient": coefficients,
                "standard_error": errors,
                "odds_ratio": np.exp(coefficients),
                "lower": np.exp(coefficients - z * errors),
                "upper": np.exp(coefficients + z * errors),
                "p": 2 * stats.norm.sf(np.abs(coefficients) / errors),
            }
        )
