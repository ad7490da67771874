"""Checks of arguments, shared by every method here.

What belongs here: turning lists, ints and series into float arrays of one length, and refusing what no method
can use, with a message that says which argument is wrong and how many values are, never the values. What does
not: any statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from naome_pipeline.errors import Refused

FloatArray = NDArray[Any]  # of floats; numpy cannot tell a type checker so after most operations


def numbers(values: ArrayLike, name: str) -> FloatArray:
    """`values` as a float array (0 or 1 dimension); ValueError when something in it is missing or no number."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise Refused(f"{name} must be numbers") from error
    if array.ndim > 1:
        raise Refused(f"{name} must be one number or one column of numbers")
    bad = int(np.sum(~np.isfinite(array)))
    if bad:
        raise Refused(f"{name} has {bad} missing or infinite value(s)")
    return array


def column(values: ArrayLike, name: str, length: int | None = None) -> FloatArray:
    """`values` as a one-dimensional float array, of `length` when given; ValueError otherwise."""
    array = np.atleast_1d(numbers(values, name))
    if length is not None and len(array) != length:
        raise Refused(f"{name} has {len(array)} values where {length} were expected")
    return array


def counts(values: ArrayLike, name: str) -> FloatArray:
    """Whole numbers of 0 or more, as floats; ValueError otherwise."""
    array = numbers(values, name)
    if np.any(array < 0):
        raise Refused(f"{name} must not be negative")
    if np.any(array != np.round(array)):
        raise Refused(f"{name} must be whole numbers")
    return array


def numerator_and_denominator(numerator: ArrayLike, denominator: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Both as whole numbers of one shape with numerator ≤ denominator; ValueError otherwise."""
    top, bottom = counts(numerator, "numerator"), counts(denominator, "denominator")
    try:
        top, bottom = np.broadcast_arrays(top, bottom)
    except ValueError as error:
        raise Refused("numerator and denominator differ in length") from error
    if np.any(top > bottom):
        raise Refused("numerator must not exceed denominator")
    return top, bottom


def indicator(values: ArrayLike, name: str, length: int | None = None) -> FloatArray:
    """A column of 0s and 1s (or booleans); ValueError otherwise."""
    array = column(values, name, length)
    if np.any((array != 0) & (array != 1)):
        raise Refused(f"{name} must be 0 or 1")
    return array


def labels(
    values: Sequence[Any] | ArrayLike | pd.Series, name: str, length: int | None = None
) -> NDArray[Any]:
    """A column of group labels, none missing; ValueError otherwise."""
    array = np.asarray(values, dtype=object)
    if array.ndim != 1:
        raise Refused(f"{name} must be one column of labels")
    if length is not None and len(array) != length:
        raise Refused(f"{name} has {len(array)} values where {length} were expected")
    missing = int(np.sum(pd.isna(array)))
    if missing:
        raise Refused(f"{name} has {missing} missing value(s)")
    return array


def level(confidence: float) -> float:
    """The confidence level itself, strictly between 0 and 1; ValueError otherwise (95 is not 0.95)."""
    if not isinstance(confidence, int | float | np.floating) or not 0 < confidence < 1:
        raise Refused("level must lie strictly between 0 and 1, for example 0.95")
    return float(confidence)


def strictly_increasing(values: ArrayLike, name: str) -> FloatArray:
    """A column of numbers each greater than the one before; ValueError otherwise."""
    array = column(values, name)
    if np.any(np.diff(array) <= 0):
        raise Refused(f"{name} must increase from one value to the next")
    return array
