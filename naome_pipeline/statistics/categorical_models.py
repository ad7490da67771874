"""Models of a variable with more than two levels, for drawing its missing values.

What belongs here: multinomial and proportional-odds logistic regression to a matrix, fast enough for hundreds of
fits, with the posterior needed for a proper draw. What does not: deciding what to impute (`imputation.py`).

A weak normal prior (standard deviation 5 per column, on columns of standard deviation about 1) keeps estimates
finite where a level is perfectly predicted; White, Daniel and Royston (2010) show what happens without one. With
thousands of people it moves a coefficient by less than a thousandth of its standard error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from naome_pipeline.statistics.checks import FloatArray
from naome_pipeline.statistics.errors import NotConverged
from naome_pipeline.statistics.linear_algebra import (
    cross_product,
    predictor,
    solve_positive,
    stable,
    total,
)

_PRIOR_PRECISION = 1 / 25
_MAXIMUM_ITERATIONS = 40
_TOLERANCE = 1e-7


@dataclass(frozen=True)
class Posterior:
    """Mode and information matrix of a model's parameters (normal approximation)."""

    mode: FloatArray
    information: FloatArray

    def draw(self, normals: FloatArray) -> FloatArray:
        """One draw from the posterior, made from standard `normals` (as many as parameters)."""
        try:
            root = linalg.cholesky(self.information, lower=False)
        except linalg.LinAlgError as error:
            raise NotConverged("the information matrix of an imputation model is singular") from error
        return stable(self.mode + linalg.solve_triangular(root, normals, lower=False))


def fit_multinomial(
    matrix: FloatArray, codes: NDArray[np.int64], levels: int, start: FloatArray | None = None
) -> Posterior:
    """Multinomial logistic regression, level 0 as baseline; parameters: (levels − 1) blocks of columns.

    `matrix`: people × columns including the constant; `codes`: 0 … levels − 1. Two levels are binary logistic
    regression. NotConverged when Newton's method does not settle.
    """
    width, others = matrix.shape[1], levels - 1
    hits = [(codes == k + 1).astype(float) for k in range(others)]
    beta = np.zeros(width * others) if start is None else start.copy()
    value, p = _multinomial_value(matrix, codes, beta.reshape(others, width))
    for _ in range(_MAXIMUM_ITERATIONS):
        gradient = (
            np.concatenate([total(matrix, hits[k] - p[k + 1]) for k in range(others)])
            - _PRIOR_PRECISION * beta
        )
        information = np.empty((width * others, width * others))
        for j in range(others):
            for k in range(j, others):
                weight = p[j + 1] * ((j == k) - p[k + 1])
                block = cross_product(matrix * weight[:, None], matrix)
                information[j * width : (j + 1) * width, k * width : (k + 1) * width] = block
                information[k * width : (k + 1) * width, j * width : (j + 1) * width] = block.T
        information += _PRIOR_PRECISION * np.eye(len(beta))
        step = solve_positive(information, gradient)
        if np.max(np.abs(step)) < _TOLERANCE:
            return Posterior(stable(beta + step), information)
        candidate = -np.inf
        for _ in range(20):
            candidate, p = _multinomial_value(matrix, codes, (beta + step).reshape(others, width))
            if candidate >= value - 1e-9 * abs(value):
                break
            step = step / 2
        beta, value = beta + step, candidate
        if np.max(np.abs(step)) < 1e-4:
            # Newton's error is squared at each step: the next one would be below 1e-8.
            return Posterior(stable(beta), information)
    raise NotConverged("a multinomial imputation model did not settle")


def multinomial_probabilities(matrix: FloatArray, parameters: FloatArray, levels: int) -> FloatArray:
    """Probability of each level for each row: people × levels."""
    linear = [predictor(matrix, b) for b in parameters.reshape(levels - 1, -1)]
    return special.softmax(np.column_stack([np.zeros(len(matrix)), *linear]), axis=1)


def fit_ordinal(
    matrix: FloatArray, codes: NDArray[np.int64], levels: int, start: FloatArray | None = None
) -> Posterior:
    """Proportional-odds model P(level ≤ k) = expit(threshold k − x·b); parameters: thresholds, then b.

    `matrix`: people × columns without a constant. Source: McCullagh (1980). Every level must occur.
    """
    cuts = levels - 1
    if start is None:
        share = np.clip(np.cumsum(np.bincount(codes, minlength=levels))[:-1] / len(codes), 1e-4, 1 - 1e-4)
        start = np.concatenate([special.logit(share), np.zeros(matrix.shape[1])])
    beta, prior = start.copy(), np.concatenate([np.zeros(cuts), np.full(matrix.shape[1], _PRIOR_PRECISION)])
    value, gradient, information = _ordinal_value(matrix, codes, beta, cuts, prior)
    for _ in range(_MAXIMUM_ITERATIONS):
        step = solve_positive(information, gradient)
        found = _ordinal_value(matrix, codes, beta + step, cuts, prior)
        for _ in range(20):
            if found[0] >= value - 1e-9 * abs(value):
                break
            step = step / 2
            found = _ordinal_value(matrix, codes, beta + step, cuts, prior)
        beta = beta + step
        value, gradient, information = found
        if np.max(np.abs(step)) < 1e-5:
            return Posterior(stable(beta), information)
    raise NotConverged("an ordinal imputation model did not settle")


def ordinal_probabilities(matrix: FloatArray, parameters: FloatArray, levels: int) -> FloatArray:
    """Probability of each level for each row: people × levels. Thresholds out of order count as equal."""
    cuts = np.maximum.accumulate(parameters[: levels - 1])
    below = special.expit(cuts[None, :] - predictor(matrix, parameters[levels - 1 :])[:, None])
    return np.diff(below, axis=1, prepend=0.0, append=1.0)


def _multinomial_value(
    matrix: FloatArray, codes: NDArray[np.int64], beta: FloatArray
) -> tuple[float, FloatArray]:
    linear = np.stack([np.zeros(len(matrix)), *(predictor(matrix, b) for b in beta)])
    norm: FloatArray = np.asarray(special.logsumexp(linear, axis=0))
    chosen = np.take_along_axis(linear, codes[None, :], axis=0)[0]
    return float(np.sum(chosen - norm) - 0.5 * _PRIOR_PRECISION * np.sum(beta**2)), np.exp(linear - norm)


def _ordinal_value(
    matrix: FloatArray, codes: NDArray[np.int64], beta: FloatArray, cuts: int, prior: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    thresholds = beta[:cuts]
    size = len(beta)
    if np.any(np.diff(thresholds) <= 0):
        return -np.inf, np.zeros(size), np.eye(size)
    linear = predictor(matrix, beta[cuts:])
    edges = np.concatenate([[-np.inf], thresholds, [np.inf]])
    upper, lower = special.expit(edges[codes + 1] - linear), special.expit(edges[codes] - linear)
    p = np.maximum(upper - lower, 1e-300)
    f_upper, f_lower = upper * (1 - upper), lower * (1 - lower)
    value = float(np.sum(np.log(p)) - 0.5 * np.sum(prior * beta**2))
    gradient, information = np.zeros(size), np.diag(prior)
    gradient[cuts:] = total(matrix, upper + lower - 1)
    information[cuts:, cuts:] += cross_product(matrix * (f_upper + f_lower)[:, None], matrix)
    # Second derivatives of log p in its two thresholds; F' = F(1 − F), F'' = F'(1 − 2F).
    own_upper = (f_upper / p) ** 2 - f_upper * (1 - 2 * upper) / p
    own_lower = (f_lower / p) ** 2 + f_lower * (1 - 2 * lower) / p
    both = -f_upper * f_lower / p**2
    for k in range(cuts):
        at_upper, at_lower = codes == k, codes == k + 1
        gradient[k] = np.sum(f_upper[at_upper] / p[at_upper]) - np.sum(f_lower[at_lower] / p[at_lower])
        information[k, k] += np.sum(own_upper[at_upper]) + np.sum(own_lower[at_lower])
        if k:
            information[k - 1, k] = information[k, k - 1] = np.sum(both[at_upper])
        cross = -total(matrix, np.where(at_upper, f_upper, 0.0) + np.where(at_lower, f_lower, 0.0))
        information[k, cuts:] = information[cuts:, k] = cross
    return value, gradient - prior * beta, information
