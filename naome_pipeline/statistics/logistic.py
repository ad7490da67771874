"""Logistic regression, fast and never silently wrong: maximum likelihood, or Firth's when levels separate.

What belongs here: fitting a binary, multinomial or ordinal logistic model to a matrix, with separation detected
and reported. What does not: which columns the matrix has (`design_matrix.py`), what the model is for
(`risk_adjustment.py`, `imputation.py`).

Sources: Firth (1993) and Heinze and Schemper (2002) for the penalised likelihood; Puhr et al. (2017) for the
intercept afterwards (FLIC), which makes expected equal observed events again. Binary fits agree with statsmodels;
statsmodels itself builds per-fit objects that a national run of some thousand fits cannot afford, and raises or
warns on separation instead of handling it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray
from naome_pipeline.statistics.errors import NotConverged, NotEstimable
from naome_pipeline.statistics.linear_algebra import (
    cross_product,
    inverse,
    predictor,
    solve_positive,
    stable,
    total,
)

MAXIMUM_LIKELIHOOD, FIRTH = "maximum likelihood", "Firth's penalised likelihood"

# A linear predictor this far out is a probability within 1e-6 of 0 or 1: fitted there only by separation.
_SEPARATED_PREDICTOR = 14.0
_STILL_MOVING = 0.02
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class LogisticFit:
    """A fitted binary model: log odds ratios in the order of the matrix' columns.

    `method` names the likelihood used, `separated` the columns that separate the outcome (empty: none),
    `iterations` and `log_likelihood` (unpenalised) what happened.
    """

    coefficients: FloatArray
    covariance: FloatArray
    method: str
    separated: tuple[str, ...]
    iterations: int
    log_likelihood: float

    def probabilities(self, matrix: FloatArray) -> FloatArray:
        """Fitted probability of each row."""
        return special.expit(predictor(matrix, self.coefficients))


def fit_logistic(
    matrix: ArrayLike,
    outcome: ArrayLike,
    names: Sequence[str] | None = None,
    offset: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    start: FloatArray | None = None,
) -> LogisticFit:
    """Binary logistic regression by Newton's method; Firth's likelihood when the outcome separates.

    `matrix`: people × columns including the constant (column of ones, needed for Firth). Separation means that the
    maximum likelihood estimate is infinite: the fit is then Firth's, its intercept re-estimated by maximum
    likelihood so that expected events equal observed ones, and `separated` names the columns. ValueError for missing
    values or an outcome other than 0/1; NotEstimable when it does not vary, NotConverged when neither likelihood settles.
    """
    x = np.asarray(matrix, dtype=float)
    if x.ndim != 2:
        raise Refused("matrix must have rows and columns")
    y = checks.indicator(outcome, "outcome", len(x))
    if not np.all(np.isfinite(x)):
        raise Refused("matrix has missing or infinite values")
    shift = np.zeros(len(y)) if offset is None else checks.column(offset, "offset", len(y))
    heavy = np.ones(len(y)) if weights is None else checks.column(weights, "weights", len(y))
    if len(np.unique(y[heavy > 0])) < 2:
        raise NotEstimable("everybody has the same outcome: there is nothing to model")
    labels = tuple(names) if names is not None else tuple(f"x{i + 1}" for i in range(x.shape[1]))

    beta, iterations, settled, step = _newton(x, y, shift, heavy, start, penalised=False)
    extreme = float(np.max(np.abs(predictor(x, beta) + shift)))
    if settled and extreme < 2 * _SEPARATED_PREDICTOR:
        return _report(x, y, shift, heavy, beta, MAXIMUM_LIKELIHOOD, (), iterations)
    if extreme < _SEPARATED_PREDICTOR:
        raise NotConverged("the logistic model did not settle, and not because of separation")
    # The columns still moving after so many steps are the ones whose estimate is infinite.
    moving = np.abs(step) * np.std(x, axis=0) > _STILL_MOVING
    columns = tuple(n for n, m in zip(labels, moving, strict=True) if m) or ("a combination of columns",)
    beta, more, settled, _ = _newton(x, y, shift, heavy, None, penalised=True)
    if not settled:
        raise NotConverged("the outcome is separated and Firth's likelihood did not settle either")
    constant = np.flatnonzero(np.all(x == 1, axis=0))
    if len(constant):
        fixed = predictor(x, beta) + shift
        correction, *_ = _newton(np.ones((len(y), 1)), y, fixed, heavy, None, penalised=False)
        beta[constant[0]] += correction[0]
    return _report(x, y, shift, heavy, beta, FIRTH, columns, iterations + more)


def _newton(
    x: FloatArray,
    y: FloatArray,
    shift: FloatArray,
    heavy: FloatArray,
    start: FloatArray | None,
    penalised: bool,
) -> tuple[FloatArray, int, bool, FloatArray]:
    beta = np.zeros(x.shape[1]) if start is None else start.copy()
    value, gradient, information = _likelihood(x, y, shift, heavy, beta, penalised)
    iteration, step = 0, beta
    for iteration in range(1, (200 if penalised else 30) + 1):
        step = solve_positive(information, gradient)
        largest = np.max(np.abs(step), initial=0)
        if penalised and largest > 2:
            step *= 2 / largest
        candidate = _likelihood(x, y, shift, heavy, beta + step, penalised)
        for _ in range(25):
            if candidate[0] >= value - 1e-10 * (1 + abs(value)):
                break
            step = step / 2
            candidate = _likelihood(x, y, shift, heavy, beta + step, penalised)
        beta = beta + step
        value, gradient, information = candidate
        if np.max(np.abs(step), initial=0) < _TOLERANCE * (1 + np.max(np.abs(beta), initial=0)):
            return beta, iteration, True, step
        if (
            not penalised
            and iteration >= 12
            and np.max(np.abs(predictor(x, beta) + shift)) > 2 * _SEPARATED_PREDICTOR
        ):
            break
    return beta, iteration, False, step


def _likelihood(
    x: FloatArray, y: FloatArray, shift: FloatArray, heavy: FloatArray, beta: FloatArray, penalised: bool
) -> tuple[float, FloatArray, FloatArray]:
    linear = predictor(x, beta) + shift
    p = special.expit(linear)
    curve = heavy * p * (1 - p)
    weighted = x * curve[:, None]
    information = cross_product(weighted, x)
    value = float(np.sum(heavy * (y * linear - np.logaddexp(0, linear))))
    residual = heavy * (y - p)
    if penalised:
        leverage = np.einsum("ij,ij->i", weighted, solve_positive(information, x.T).T)
        residual = residual + leverage * (0.5 - p)
        sign, log_determinant = np.linalg.slogdet(information)
        value = value + 0.5 * log_determinant if sign > 0 else -np.inf
    return value, total(x, residual), information


def _report(
    x: Any, y: Any, shift: Any, heavy: Any, beta: Any, method: str, columns: Any, iterations: int
) -> LogisticFit:
    value, _, information = _likelihood(x, y, shift, heavy, beta, penalised=False)
    covariance = inverse(information)
    return LogisticFit(stable(beta), covariance, method, tuple(columns), iterations, value)
