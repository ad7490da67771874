"""Seeded random numbers by topic, and small vectorised draws.

One generator per topic, so that switching an option on does not change what other topics drew.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
# A day that never comes: later than any date of a delivery.
NEVER = np.int64(10**7)


def generator(seed: int, topic: str) -> np.random.Generator:
    """The generator of one topic."""
    return np.random.default_rng([seed, zlib.crc32(topic.encode())])


def happens(rng: np.random.Generator, probability: float | NDArray[np.float64], size: int) -> Flags:
    """True with the probability."""
    return rng.random(size) < probability


def shifted(probability: float | NDArray[np.float64], effect: NDArray[np.float64]) -> NDArray[np.float64]:
    """A probability moved by an effect on the logit scale."""
    odds = np.asarray(probability, dtype=float)
    return 1 / (1 + np.exp(-(np.log(odds / (1 - odds)) + effect)))


def either(flag: Any, yes: Any, no: Any) -> NDArray:
    """`numpy.where` for values that may be missing, as objects."""
    return np.where(flag, yes, no)


def pick(
    rng: np.random.Generator, values: Sequence[Any], weights: Sequence[float] | None, size: int
) -> NDArray:
    """Draws from a list, as an object array whose cells share the list's own values."""
    pool = np.empty(len(values), dtype=object)
    pool[:] = values
    share = None if weights is None else np.asarray(weights, dtype=float) / float(np.sum(weights))
    return pool[rng.choice(len(values), size=size, p=share)]


def days(
    rng: np.random.Generator, low: int, high: int, size: int, edges: tuple[int, ...] = (), share: float = 0.06
) -> Integers:
    """Whole days between low and high (inclusive), a share of them exactly on the edges."""
    drawn = rng.integers(low, high + 1, size)
    if edges:
        on_edge = happens(rng, share, size)
        drawn[on_edge] = rng.choice(np.array(edges), size=int(on_edge.sum()))
    return drawn.astype(np.int64)


def month_start(values: Integers) -> Integers:
    """The first day of the month of each day, both as days since 1970."""
    months = values.astype("datetime64[D]").astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64)


def repeated(counts: Integers) -> tuple[Integers, Integers]:
    """For counts per person: the person and the running number of each repetition."""
    counts = np.maximum(counts, 0)
    owner = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return owner, np.arange(len(owner), dtype=np.int64) - starts
