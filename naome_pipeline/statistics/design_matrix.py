"""From case mix to columns: restricted cubic splines, dummies, rare levels merged and reported.

What belongs here: deciding the columns once, from the observed data, and applying them to every imputed copy. What
does not: choosing the case mix (the caller's parameters) or fitting (`logistic.py`, `cox.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from naome_pipeline.errors import Refused
from naome_pipeline.statistics import checks
from naome_pipeline.statistics.checks import FloatArray

# Harrell (2001), Regression Modeling Strategies, table 2.3: quantiles at which to place 3 to 7 knots.
HARRELL_QUANTILES = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.50, 0.6583, 0.8167, 0.975),
}
OTHER = "other (rare levels)"


@dataclass(frozen=True)
class Categorical:
    """A covariate with levels. `reference`: the baseline, the most frequent level unless given.

    `ordered`: all levels from low to high, when they have an order; a rare level then joins its neighbour on the
    side of the most frequent level. Rare levels without an order join each other.
    """

    reference: Any = None
    ordered: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class CaseMix:
    """The covariates of a risk model.

    `splines`: continuous covariates with their number of knots (3 to 7). `linear`: continuous ones entered as they
    are. `categorical`: covariates with levels. `minimum_people`: a level with fewer people is merged.
    """

    splines: Mapping[str, int] = field(default_factory=dict)
    linear: Sequence[str] = ()
    categorical: Mapping[str, Categorical] = field(default_factory=dict)
    minimum_people: int = 10

    @property
    def variables(self) -> list[str]:
        """All covariates, in the order of the columns."""
        return [*self.splines, *self.linear, *self.categorical]


@dataclass(frozen=True)
class Design:
    """Columns decided once; `matrix` applies them.

    `names` starts with "constant". `merged`: one row per merged level (variable, level, into, people). `notes`: what
    else had to be decided, in words. `knots`: per spline covariate.
    """

    names: tuple[str, ...]
    knots: dict[str, tuple[float, ...]]
    levels: dict[str, dict[Any, Any]]
    columns_of: dict[str, tuple[Any, ...]]
    linear: tuple[str, ...]
    merged: pd.DataFrame
    notes: tuple[str, ...]

    def matrix(self, frame: pd.DataFrame) -> FloatArray:
        """The columns for the rows of `frame`: people × len(names). ValueError for a missing value.

        A level that was not there when the columns were decided counts as the reference level.
        """
        columns = [np.ones(len(frame))]
        for name, knots in self.knots.items():
            columns.extend(
                restricted_cubic_spline(_complete(frame, name), knots).T
                if knots
                else [_complete(frame, name)]
            )
        columns.extend(_complete(frame, name) for name in self.linear)
        for name, levels in self.levels.items():
            values: Any = frame[name]
            if values.isna().any():
                raise Refused(f"{name} has {int(values.isna().sum())} missing value(s): impute them first")
            kept: Any = values.map(levels)
            columns.extend((kept == level).to_numpy(dtype=float) for level in self.columns_of[name])
        return np.column_stack(columns)


def harrell_knots(values: ArrayLike, knots: int) -> tuple[float, ...]:
    """Knots at Harrell's quantiles of `values` (Hmisc's placement); ValueError for a number of knots not in 3 to 7.

    Quantiles that coincide (few distinct values) are used once; fewer than three different ones give (): linear.
    """
    if knots not in HARRELL_QUANTILES:
        raise Refused("a restricted cubic spline has 3 to 7 knots")
    placed = np.unique(np.quantile(checks.column(values, "values"), HARRELL_QUANTILES[knots]))
    return tuple(float(k) for k in placed) if len(placed) >= 3 else ()


def restricted_cubic_spline(values: ArrayLike, knots: Sequence[float]) -> FloatArray:
    """Basis of a cubic spline that is linear beyond the outer knots: people × (knots − 1), first column the value.

    Source: Devlin and Weeks (1986), scaled by (last − first knot)² as in Hmisc's rcspline.eval.
    """
    x = checks.column(values, "values")
    t = checks.strictly_increasing(knots, "knots")
    if len(t) < 3:
        raise Refused("a restricted cubic spline has at least 3 knots")

    def cube(knot: float) -> FloatArray:
        return np.maximum(x - knot, 0) ** 3

    last, before = t[-1], t[-2]
    columns = [x]
    for knot in t[:-2]:
        term = (
            cube(knot)
            - cube(before) * (last - knot) / (last - before)
            + cube(last) * (before - knot) / (last - before)
        )
        columns.append(term / (last - t[0]) ** 2)
    return np.column_stack(columns)


def plan_design(frame: pd.DataFrame, case_mix: CaseMix) -> Design:
    """Decide the columns from the observed values in `frame` (missing ones are ignored here).

    ValueError for a covariate that is not in the frame or has no observed value.
    """
    absent = [v for v in case_mix.variables if v not in frame.columns]
    if absent:
        raise Refused(f"covariates not in the frame: {', '.join(absent)}")
    empty = [v for v in case_mix.variables if frame[v].notna().sum() == 0]
    if empty:
        raise Refused(f"covariates without any observed value: {', '.join(empty)}")
    names, notes, merged = ["constant"], [], []
    knots: dict[str, tuple[float, ...]] = {}
    for name, number in case_mix.splines.items():
        observed = frame[name].dropna().to_numpy(dtype=float)
        if np.ptp(observed) == 0:
            notes.append(f"{name} left out: everybody has the same value")
            continue
        knots[name] = harrell_knots(observed, number)
        if not knots[name]:
            notes.append(f"{name} entered as a straight line: too few different values for a spline")
        names += [name] + [f"{name} spline {i + 1}" for i in range(max(len(knots[name]) - 2, 0))]
    linear = []
    for name in case_mix.linear:
        if np.ptp(frame[name].dropna().to_numpy(dtype=float)) == 0:
            notes.append(f"{name} left out: everybody has the same value")
            continue
        linear.append(name)
        names.append(name)
    levels, columns_of = {}, {}
    for name, kind in case_mix.categorical.items():
        counts = frame[name].dropna().value_counts()
        counts = counts.loc[sorted(counts.index, key=str)]
        # The most frequent level, ties by name: neither depends on the order of rows.
        largest = (
            kind.reference
            if kind.reference in counts.index
            else counts.index[int(np.argmax(counts.to_numpy()))]
        )
        mapping = _merge_rare(counts, kind, largest, case_mix.minimum_people)
        for level, into in mapping.items():
            if into != level:
                merged.append({"variable": name, "level": level, "into": into, "people": int(counts[level])})
        kept = [k for k in dict.fromkeys(mapping.values()) if k != mapping[largest]]
        if not kept:
            notes.append(f"{name} left out: only one level has enough people")
            continue
        levels[name], columns_of[name] = mapping, tuple(kept)
        names += [f"{name}: {level}" for level in kept]
    table = pd.DataFrame(merged, columns=pd.Index(["variable", "level", "into", "people"]))
    return Design(tuple(names), knots, levels, columns_of, tuple(linear), table, tuple(notes))


def _merge_rare(counts: pd.Series, kind: Categorical, largest: Any, minimum: int) -> dict[Any, Any]:
    if kind.ordered is not None:
        unknown = [level for level in counts.index if level not in kind.ordered]
        if unknown:
            raise Refused(f"{len(unknown)} level(s) are not in the given order")
        order = [level for level in kind.ordered if level in counts.index]
        people = {level: int(counts[level]) for level in order}
        mapping = {level: level for level in order}
        centre = order.index(largest)
        # From both ends towards the reference, so that a chain of rare levels ends in one that is large enough.
        for path in (order[: centre + 1], order[: centre - 1 if centre else None : -1]):
            for level, neighbour in pairwise(path):
                if people[level] < minimum:
                    people[neighbour] += people[level]
                    mapping = {k: neighbour if v == level else v for k, v in mapping.items()}
        return mapping
    rare = [level for level in counts.index if counts[level] < minimum and level != largest]
    # Too few even together: they join the reference, which leaves the other levels' coefficients what they mean.
    into = OTHER if len(rare) > 1 and sum(int(counts[r]) for r in rare) >= minimum else largest
    return {level: into if level in rare else level for level in counts.index}


def _complete(frame: pd.DataFrame, name: str) -> FloatArray:
    values = frame[name].to_numpy(dtype=float)
    missing = int(np.sum(~np.isfinite(values)))
    if missing:
        raise Refused(f"{name} has {missing} missing value(s): impute them first")
    return values
