"""Multiple imputation by chained equations, categories imputed as categories.

What belongs here: drawing missing covariates given everything else, the outcomes included. What does not:
imputing outcomes (they are not imputed), pooling (`pooling.py`), risk models (`risk_adjustment.py`).

Sources: van Buuren (2018), Flexible Imputation of Missing Data; Rubin (1987) for the draw of parameters before the
draw of values; Morris, White and Royston (2014) for predictive mean matching with five donors.

Reproducible: rows are put in the order of their key before anything is summed, and the random number of a row
depends on the seed, the imputation, the iteration, the variable and the row's key alone. So the result depends
neither on the order of rows nor on the number of threads, and a person keeps their draw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from naome_pipeline.errors import Refused
from naome_pipeline.statistics.categorical_models import (
    Posterior,
    fit_multinomial,
    fit_ordinal,
    multinomial_probabilities,
    ordinal_probabilities,
)
from naome_pipeline.statistics.checks import FloatArray
from naome_pipeline.statistics.design_matrix import harrell_knots, restricted_cubic_spline
from naome_pipeline.statistics.linear_algebra import cross_product, inverse, predictor, stable, total

Kind = Literal["categorical", "ordered", "continuous", "normal"]
_DONORS = 5
_PREDICTOR_KNOTS = 4


@dataclass(frozen=True)
class Variable:
    """A covariate of the imputation model, with or without missing values.

    `kind`: categorical (multinomial logistic), ordered (proportional odds, `levels` from low to high), continuous
    (predictive mean matching: only observed values are imputed) or normal (linear regression with normal error).
    """

    name: str
    kind: Kind
    levels: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Imputation:
    """Imputed values and how they came about.

    `missing`: one row per variable: variable, kind, people, missing, share. `trace`: mean of the imputed values
    (of their codes for categories) per imputation, iteration and variable: they should mingle without a trend.
    """

    frame: pd.DataFrame
    values: tuple[dict[str, NDArray[Any]], ...]
    missing: pd.DataFrame
    trace: pd.DataFrame

    def __len__(self) -> int:
        return len(self.values)

    def complete(self, number: int) -> pd.DataFrame:
        """The frame with the values of imputation `number` (from 0) filled in; rows in the order they were given."""
        filled = self.frame.copy()
        for name, drawn in self.values[number].items():
            column = filled[name].to_numpy(dtype=object).copy()
            column[pd.isna(column)] = drawn
            filled[name] = pd.Series(column, index=filled.index).infer_objects()
        return filled

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return (self.complete(i) for i in range(len(self)))


def impute(
    frame: pd.DataFrame,
    variables: Sequence[Variable],
    outcomes: Sequence[str],
    key: str,
    seed: int,
    imputations: int = 10,
    iterations: int = 5,
    auxiliaries: Sequence[str] = (),
) -> Imputation:
    """Impute the missing values of `variables` by chained equations.

    `outcomes`: every outcome the imputed data will be used for; they enter as predictors, a missing one (not in
    that indicator's denominator) as a level of its own. `auxiliaries`: complete columns that only predict. `key`: a
    column that identifies the row. ValueError for a repeated or missing key, no outcome, a variable without any
    observed value, or an observed level that is not in the given order.
    """
    if not outcomes:
        raise Refused(
            "the imputation model needs the outcome: without it, associations are biased towards none"
        )
    if imputations < 1 or iterations < 1:
        raise Refused("imputations and iterations must be at least 1")
    absent = [
        c for c in [key, *outcomes, *auxiliaries, *(v.name for v in variables)] if c not in frame.columns
    ]
    if absent:
        raise Refused(f"not in the frame: {', '.join(absent)}")
    identity: Any = frame[key]
    if identity.isna().any() or identity.duplicated().any():
        raise Refused("the key must identify each row: it is missing or repeated somewhere")
    keys = identity.astype(str).to_numpy(dtype=object)
    order = np.argsort(keys, kind="stable")
    back = np.argsort(order, kind="stable")
    rows = frame.iloc[order]
    people = _RandomNumbers(keys[order], seed)

    states = [_State(v, rows[v.name]) for v in variables]
    fixed = [_as_columns(rows[c], numeric_spline=False) for c in outcomes]
    fixed += [_as_columns(_required_complete(rows, c), numeric_spline=True) for c in auxiliaries]
    constant = np.ones((len(rows), 1))
    # Fewest missing first: the order van Buuren recommends, ties by name.
    todo = sorted((s for s in states if s.missing.any()), key=lambda s: (int(s.missing.sum()), s.name))

    results, trace = [], []
    for number in range(imputations):
        for state in todo:
            state.start(people.uniform(state.missing, number, 0, state.name))
        for iteration in range(1, iterations + 1) if todo else ():
            for state in todo:
                columns = [constant, *(s.columns() for s in states if s is not state), *fixed]
                state.draw(np.hstack(columns), people, number, iteration)
                trace.append((number, iteration, state.name, float(np.mean(state.current[state.missing]))))
        filled = {}
        for state in todo:
            drawn = np.empty(len(rows), dtype=object)
            drawn[state.missing] = state.imputed()
            filled[state.name] = drawn[back][state.missing[back]]
        results.append(filled)
    missing = pd.DataFrame(
        [(s.name, s.kind, len(rows), int(s.missing.sum())) for s in states],
        columns=pd.Index(["variable", "kind", "people", "missing"]),
    )
    missing["share"] = missing["missing"] / max(len(rows), 1)
    history = pd.DataFrame(trace, columns=pd.Index(["imputation", "iteration", "variable", "mean"]))
    kept: Any = frame[list(dict.fromkeys([key, *(v.name for v in variables), *outcomes, *auxiliaries]))]
    return Imputation(kept, tuple(results), missing, history)


class _RandomNumbers:
    """Random numbers of rows (from their keys) and of parameters (from the seed alone)."""

    def __init__(self, keys: NDArray[Any], seed: int) -> None:
        digests = b"".join(hashlib.blake2b(k.encode(), digest_size=8).digest() for k in keys)
        self.hashes = np.frombuffer(digests, dtype="<u8").astype(np.uint64)
        self.seed = seed

    def _stream(self, number: int, iteration: int, name: str) -> np.random.SeedSequence:
        label = int.from_bytes(name.encode(), "little")
        return np.random.SeedSequence([self.seed, number, iteration, label])

    def uniform(self, rows: NDArray[np.bool_], number: int, iteration: int, name: str) -> FloatArray:
        """One uniform number strictly between 0 and 1 per selected row."""
        state = self._stream(number, iteration, name).generate_state(1, np.uint64)[0]
        # splitmix64 (Steele, Lea and Flood 2014): a bijection that spreads every bit.
        mixed = self.hashes[rows] ^ state
        with np.errstate(over="ignore"):
            mixed = mixed + np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
        return ((mixed >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53

    def parameters(self, number: int, iteration: int, name: str) -> np.random.Generator:
        """Generator for the draw of parameters."""
        return np.random.Generator(np.random.PCG64(self._stream(number, iteration, name).spawn(1)[0]))


class _State:
    """One variable: its observed values, its current imputed ones, and the model that draws them."""

    def __init__(self, variable: Variable, values: pd.Series) -> None:
        self.name, self.kind = variable.name, variable.kind
        self.missing = values.isna().to_numpy()
        self.observed = ~self.missing
        if not self.observed.any():
            raise Refused(f"{self.name} has no observed value")
        self.warm: FloatArray | None = None
        if self.kind in ("continuous", "normal"):
            self.levels: tuple[Any, ...] = ()
            self.current = values.to_numpy(dtype=float).copy()
            seen = self.current[self.observed]
            if not np.all(np.isfinite(seen)):
                raise Refused(f"{self.name} has infinite values")
            self.knots = harrell_knots(seen, _PREDICTOR_KNOTS)
            self.whole = values.dtype.kind in "iu" or bool(np.all(seen == np.round(seen)))
        elif self.kind in ("categorical", "ordered"):
            present = set(values.dropna())
            if self.kind == "ordered" and variable.levels is None:
                raise Refused(f"{self.name} is ordered: give its levels from low to high")
            order = variable.levels if variable.levels is not None else tuple(sorted(present, key=str))
            if present - set(order):
                raise Refused(f"{self.name} has {len(present - set(order))} level(s) that were not given")
            self.levels = tuple(level for level in order if level in present)
            codes = values.map({level: i for i, level in enumerate(self.levels)})
            self.current = codes.to_numpy(dtype=float).copy()
        else:
            raise Refused(
                f"{self.name}: kind must be categorical, ordered, continuous or normal, not {self.kind}"
            )

    def start(self, uniform: FloatArray) -> None:
        """Random observed values to begin with."""
        seen = np.sort(self.current[self.observed])
        self.current[self.missing] = seen[(uniform * len(seen)).astype(int)]

    def columns(self) -> FloatArray:
        """What this variable contributes to the models of the others."""
        if self.levels:
            return np.column_stack(
                [self.current == k for k in range(1, len(self.levels))] or [np.empty((len(self.current), 0))]
            )
        basis = restricted_cubic_spline(self.current, self.knots) if self.knots else self.current[:, None]
        return _standardised(basis)

    def draw(self, matrix: FloatArray, people: _RandomNumbers, number: int, iteration: int) -> None:
        """One proper draw of the missing values given `matrix`: parameters from their posterior, then values."""
        uniform = people.uniform(self.missing, number, iteration, self.name)
        generator = people.parameters(number, iteration, self.name)
        known, wanted, seen = matrix[self.observed], matrix[self.missing], self.current[self.observed]
        if self.levels:
            self.current[self.missing] = self._draw_levels(
                known, wanted, seen.astype(np.int64), uniform, generator
            )
        else:
            self.current[self.missing] = self._draw_numbers(known, wanted, seen, uniform, generator)

    def _draw_levels(self, known: Any, wanted: Any, seen: Any, uniform: Any, generator: Any) -> FloatArray:
        count = len(self.levels)
        if count == 1:
            return np.zeros(len(wanted))
        if self.kind == "ordered" and count > 2:
            posterior = fit_ordinal(known[:, 1:], seen, count, self.warm)
            drawn = posterior.draw(generator.standard_normal(len(posterior.mode)))
            chances = ordinal_probabilities(wanted[:, 1:], drawn, count)
        else:
            posterior = fit_multinomial(known, seen, count, self.warm)
            drawn = posterior.draw(generator.standard_normal(len(posterior.mode)))
            chances = multinomial_probabilities(wanted, drawn, count)
        # The next model of this variable differs only by others' imputed values: start from here.
        self.warm = posterior.mode
        return (uniform[:, None] > np.cumsum(chances, axis=1)[:, :-1]).sum(axis=1).astype(float)

    def _draw_numbers(self, known: Any, wanted: Any, seen: Any, uniform: Any, generator: Any) -> FloatArray:
        information = cross_product(known, known.copy())
        information += 1e-5 * np.diag(
            np.diag(information)
        )  # mice's ridge, for columns that repeat each other
        fitted = stable(predictor(inverse(information), total(known, seen)))
        residual = seen - predictor(known, fitted)
        free = max(len(seen) - known.shape[1], 1)
        spread = float(np.sqrt(np.sum(residual**2) / generator.chisquare(free)))
        posterior = Posterior(fitted, information / max(spread**2, 1e-300))
        drawn = posterior.draw(generator.standard_normal(len(fitted)))
        if self.kind == "normal":
            return predictor(wanted, drawn) + spread * special.ndtri(uniform)
        return _match_means(predictor(known, fitted), predictor(wanted, drawn), seen, uniform)

    def imputed(self) -> NDArray[Any]:
        """Imputed values in the variable's own terms."""
        drawn = self.current[self.missing]
        if self.levels:
            return np.array([*self.levels, None], dtype=object)[:-1][drawn.astype(int)]
        # Matched values are copies of observed ones: a whole number stays one.
        return (
            drawn.astype(int).astype(object)
            if self.whole and self.kind == "continuous"
            else drawn.astype(object)
        )


def _match_means(
    donors: FloatArray, wanted: FloatArray, values: FloatArray, uniform: FloatArray
) -> FloatArray:
    """The value of one of the five donors whose predicted mean is nearest."""
    order = np.argsort(donors, kind="stable")
    sorted_means, sorted_values = donors[order], values[order]
    count = min(_DONORS, len(donors))
    place = np.searchsorted(sorted_means, wanted)
    window = np.clip(place[:, None] + np.arange(-count, count)[None, :], 0, len(donors) - 1)
    distance = np.abs(sorted_means[window] - wanted[:, None])
    # At the ends the clipped window repeats a donor; a repeat must not be chosen twice.
    distance[:, 1:][window[:, 1:] == window[:, :-1]] = np.inf
    nearest = np.take_along_axis(window, np.argsort(distance, axis=1, kind="stable")[:, :count], axis=1)
    return sorted_values[nearest[np.arange(len(wanted)), (uniform * count).astype(int)]]


def _required_complete(rows: pd.DataFrame, name: str) -> Any:
    missing = int(rows[name].isna().sum())
    if missing:
        raise Refused(f"{name} has {missing} missing value(s): an auxiliary column must be complete")
    return rows[name]


def _as_columns(values: pd.Series, numeric_spline: bool) -> FloatArray:
    """Columns of a predictor that is not imputed: numbers as they are (or a spline), labels and gaps as dummies."""
    numeric = pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values)
    if numeric and not values.isna().any():
        number = values.to_numpy(dtype=float)
        knots = (
            harrell_knots(number, _PREDICTOR_KNOTS) if numeric_spline and len(np.unique(number)) > 10 else ()
        )
        return _standardised(restricted_cubic_spline(number, knots) if knots else number[:, None])
    labels = values.astype(object).where(values.notna(), "missing").astype(str)
    return np.column_stack(
        [labels == level for level in sorted(labels.unique())[1:]] or [np.empty((len(labels), 0))]
    ).astype(float)


def _standardised(columns: FloatArray) -> FloatArray:
    """Columns of mean 0 and standard deviation 1; a constant column becomes 0."""
    spread = columns.std(axis=0)
    return (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
