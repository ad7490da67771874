"""Sums over people that come out the same, to the last bit, whatever the number of threads.

What belongs here: the cross products every model here is made of, solving for a step, rounding of coefficients.
What does not: any model.

A BLAS library shares one large product out to its threads and adds the parts in an order that depends on how many
there are. Products over fixed blocks of rows, each too small to be shared out, do not.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from naome_pipeline.statistics.checks import FloatArray
from naome_pipeline.statistics.errors import NotConverged

# OpenBLAS keeps a product of m·n·k up to 262,144 on one thread; stay below.
_BLOCK_OPERATIONS = 200_000


def cross_product(left: FloatArray, right: FloatArray) -> FloatArray:
    """leftᵀ · right, both people × columns."""
    rows, width = left.shape
    size = max(8, _BLOCK_OPERATIONS // max(1, width * right.shape[1]))
    whole = rows // size * size
    blocks = np.matmul(
        left[:whole].reshape(-1, size, width).transpose(0, 2, 1),
        right[:whole].reshape(-1, size, right.shape[1]),
    )
    rest = np.einsum("ij,ik->jk", left[whole:], right[whole:])
    return blocks.sum(axis=0) + rest


def predictor(matrix: FloatArray, coefficients: FloatArray) -> FloatArray:
    """matrix · coefficients, one value per person."""
    return np.einsum("ij,j->i", matrix, coefficients)


def total(matrix: FloatArray, weights: FloatArray) -> FloatArray:
    """matrixᵀ · weights, one value per column."""
    return np.einsum("ij,i->j", matrix, weights)


def stable(values: FloatArray) -> FloatArray:
    """Round to twelve significant digits: the last bits of a converged coefficient depend on the path to it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = np.where(values == 0, 0, 11 - np.floor(np.log10(np.abs(values))))
    scale = 10.0 ** np.clip(digits, -300, 300)
    return np.where(values == 0, 0.0, np.round(values * scale) / scale)


def solve_positive(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve a symmetric positive definite system; a singular one (separation) gets a tiny ridge, not noise.

    NotConverged when even that fails.
    """
    if not np.isfinite(matrix).all():
        raise NotConverged("the information matrix has infinite values")
    try:
        return linalg.cho_solve(linalg.cho_factor(matrix), right)
    except linalg.LinAlgError:
        ridge = 1e-10 * max(float(np.trace(matrix)) / len(matrix), 1e-8)
        try:
            return linalg.cho_solve(linalg.cho_factor(matrix + ridge * np.eye(len(matrix))), right)
        except linalg.LinAlgError as error:
            raise NotConverged("the information matrix is singular") from error


def inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of a symmetric positive definite matrix."""
    return solve_positive(matrix, np.eye(len(matrix)))
