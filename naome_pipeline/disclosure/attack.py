"""The attack: what anybody can work out about a hidden count from everything that is published.

What belongs here: the feasible range of sums of unknown counts under known sums, by linear programming or over whole
numbers. What does not: which sums there are (`relations.py`) or what to hide next
(`protection.py`).

Published cells are sums of unknown, non-negative whole numbers; a cell that is shown fixes its sum (or, when rounded,
bounds it). The smallest and the largest value of a hidden cell under those constraints is what an attacker can know:
Duncan and Lambert's and Cox's formulation of cell suppression, see Hundepool et al. (2012), Statistical Disclosure
Control, chapter 4. HiGHS solves the programmes, each from where the last one ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import highspy
import numpy as np
from scipy import optimize, sparse

from naome_pipeline.disclosure.programmes import BoolArray, FloatArray, Rows, solver_of

WHOLE = 1e-6
_MANY = 4  # cells that are worth moving together
_WORTHWHILE = 0.85  # of the cells left, that a batch may leave
_BATCH_SEED = 20240901
_DIGITS = 7  # of a value found: as close as HiGHS keeps to its constraints
FAR = 1e6  # where an unknown without a ceiling ends, so that every sum is finite
_DUAL, _PRIMAL = 1, 4  # HiGHS' numbers of the simplex methods
_SMALL = 2_000_000  # cells × unknowns up to which presolving takes longer than it saves


class NoSuchTable(ValueError):
    """No whole numbers fit what is published: it contradicts itself."""


@dataclass(frozen=True)
class Published:
    """Sums of unknown counts, and what is known of each.

    `sums`: cells × unknowns, 0 or 1. `least`, `most`: what is known of each cell (equal where it is shown, 0 and
    infinity where it is hidden). `floor`, `ceiling`: what is known of each unknown.
    """

    sums: Any
    least: FloatArray
    most: FloatArray
    floor: FloatArray
    ceiling: FloatArray

    @classmethod
    def shown(
        cls,
        sums: Any,
        values: Any,
        hidden: Any,
        ceiling: Any = np.inf,
    ) -> Published:
        """Cells that are shown exactly or hidden altogether; unknowns are 0 up to `ceiling`."""
        matrix: Any = sparse.csr_matrix(sums, dtype=float)
        known = np.asarray(values, dtype=float)
        away = np.asarray(hidden, dtype=bool)
        return cls(
            matrix,
            np.where(away, 0.0, known),
            np.where(away, np.inf, known),
            np.zeros(matrix.shape[1]),
            np.broadcast_to(np.asarray(ceiling, dtype=float), (matrix.shape[1],)).copy(),
        )


@dataclass
class Seen:
    """What an attack has found of each cell: smallest and largest value so far, and whether these are the exact ones;
    `exchanged`: whether the attack has begun with what can change places."""

    low: FloatArray
    high: FloatArray
    exact: BoolArray
    exchanged: bool = False

    @property
    def width(self) -> FloatArray:
        """The range of each cell so far."""
        return self.high - self.low


class Attacker:
    """Looks for the range of hidden cells under everything published.

    `start`: unknowns known to fit (the truth, where the defender attacks). `seen`: what was found before of the same.
    `found`: where every solution goes, for which programmes are needed.
    """

    def __init__(
        self,
        published: Published,
        start: FloatArray | None = None,
        seen: Seen | None = None,
        found: list[FloatArray] | None = None,
    ) -> None:
        self.published, self._found = published, found
        self._sums: Any = published.sums.tocsr()
        self._columns = np.arange(self._sums.shape[1], dtype=np.int32)
        self._lengths = np.diff(self._sums.indptr)
        self._solver: Any = None
        self._start = start
        self.solved = 0
        if seen is None:
            if start is None:
                self._start = self.extreme(np.zeros(self._sums.shape[1]))
            values = self._sums @ self._start
            seen = Seen(values, values.copy(), np.zeros(len(values), dtype=bool))
        self.seen = seen

    def extreme(self, weights: FloatArray) -> FloatArray:
        """Numbers that fit everything published and make `weights · unknowns` as large as possible.

        NoSuchTable when nothing fits. An unbounded sum is taken at a point far beyond any requirement.
        """
        if self._solver is None:
            self._solver = self._new_solver()
            # Only the objective changes from one programme to the next: the last corner stays feasible.
            self._by(_PRIMAL, self._presolve)
            self._begin_at_the_start()
        cost = np.ascontiguousarray(-weights, dtype=float)
        self._solver.changeColsCost(len(cost), self._columns, cost)
        self._solver.run()
        self.solved += 1
        status = self._solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            # Rounding can stop the primal method between two corners; the dual one, from the start, is slower and gets there.
            self._solver.clearSolver()
            self._by(_DUAL, "choose")
            self._solver.run()
            status = self._solver.getModelStatus()
            self._by(_PRIMAL, self._presolve)
        if status == highspy.HighsModelStatus.kInfeasible:
            raise NoSuchTable("what is published contradicts itself: no counts fit all of it")
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"the attack did not end: {self._solver.modelStatusToString(status)}")
        return np.array(self._solver.getSolution().col_value)

    def _new_solver(self) -> Any:
        published, known = self.published, self._known
        return solver_of(
            self._known_rows,
            published.least[known],
            published.most[known],
            published.floor,
            np.minimum(published.ceiling, FAR),
        )

    @cached_property
    def _known(self) -> BoolArray:
        return np.isfinite(self.published.most) | (self.published.least > 0)

    @cached_property
    def _known_rows(self) -> Rows:
        return Rows.of(self._sums, self._known)

    def _begin_at_the_start(self) -> None:
        """Give the solver the corner nearest to numbers that are known to fit: to find a first one would be most of its work."""
        if self._start is None:
            return
        point = highspy.HighsSolution()
        point.col_value = self._start.tolist()
        point.row_value = (self._sums @ self._start)[self._known].tolist()
        point.value_valid = True
        self._solver.crossover(point)

    @property
    def _presolve(self) -> str:
        return "off" if int(np.prod(self._sums.shape)) <= _SMALL else "choose"

    def _by(self, method: int, presolve: str) -> None:
        self._solver.setOptionValue("simplex_strategy", method)
        self._solver.setOptionValue("presolve", presolve)

    def move_many(self, needed: FloatArray) -> None:
        """Widen the ranges of many cells with one programme each time: up or down at random, until few are left."""
        if self._found is None and self.lacking(needed).any():
            self.exchange()
        rng = np.random.default_rng(_BATCH_SEED)
        before = np.inf
        while True:
            left = np.flatnonzero(self.lacking(needed))
            if len(left) >= _MANY:
                left = left[self.possible_width[left] >= needed[left] - WHOLE]
            if len(left) < _MANY or len(left) > _WORTHWHILE * before:
                break
            before = len(left)
            signs = np.zeros(len(needed))
            signs[left] = rng.choice([-1.0, 1.0], len(left))
            weights = self._over_unknowns(signs)
            for direction in (weights, -weights):
                self._see(self.extreme(direction))

    def exchange(self) -> None:
        """Widen the ranges by what can change places between unknowns that are in the same known sums.

        Whatever moves from one to the other, nothing published changes. It takes no programme, and is most of what there is
        where much is hidden.
        """
        if self.seen.exchanged:
            return
        self.seen.exchanged = True
        there: Any = self._start
        room, group = np.minimum(self.published.ceiling, FAR) - there, self._known_rows.alike_columns()
        groups, cells = int(group.max()) + 1, np.repeat(np.arange(len(self._lengths)), self._lengths)
        unknowns = self._sums.indices
        places, entry = np.unique(cells * groups + group[unknowns], return_inverse=True)
        cell, mine = places // groups, places % groups
        inside, room_inside = (
            np.bincount(entry, of[unknowns]) for of in (there - self.published.floor, room)
        )
        outside, room_outside = (
            np.bincount(group, of, groups)[mine] - part
            for of, part in ((there - self.published.floor, inside), (room, room_inside))
        )
        values = self._sums @ there
        self._widen(values + np.bincount(cell, np.minimum(outside, room_inside), len(values)))
        self._widen(values - np.bincount(cell, np.minimum(inside, room_outside), len(values)))

    def exchange_numerators(self) -> None:
        """The same in a table of people in a set and, in the second half of its unknowns and cells, of those outside it and of
        everybody: what can change places within the set while as many outside it go the other way."""
        there: Any = self._start
        inside, outside = np.split(there, 2)
        half, published = len(self._lengths) // 2, self.published
        sums = sparse.csr_matrix(self._sums[:half, : len(inside)])
        of = Published(sums, published.least[:half], published.most[:half], 0 * inside, inside + outside)
        other = Attacker(of, inside)
        other.exchange()
        np.minimum(self.seen.low[:half], other.seen.low, out=self.seen.low[:half])
        np.maximum(self.seen.high[:half], other.seen.high, out=self.seen.high[:half])

    def _over_unknowns(self, weights: FloatArray) -> FloatArray:
        """What weights of cells come to for each unknown."""
        each = np.repeat(weights, self._lengths) * self._sums.data
        return np.bincount(self._sums.indices, each, self._sums.shape[1]).astype(float)

    def lacking(self, needed: FloatArray) -> FloatArray:
        """`needed` of the cells whose range is not as wide yet, 0 of the others."""
        return np.where(self.seen.width < needed - WHOLE, needed, 0.0)

    def reaches(self, cell: int, needed: float) -> bool:
        """Whether the range of a cell is as wide as `needed`; not searched when it cannot be."""
        if self.seen.width[cell] < needed - WHOLE and self.possible_width[cell] >= needed - WHOLE:
            self.search(cell, needed)
        return bool(self.seen.width[cell] >= needed - WHOLE)

    def search(self, cell: int, needed: float) -> None:
        """Widen the range of a cell until it is `needed` or exact."""
        if self.seen.exact[cell]:
            return
        weights = np.zeros(self._sums.shape[1])
        row = slice(self._sums.indptr[cell], self._sums.indptr[cell + 1])
        weights[self._sums.indices[row]] = self._sums.data[row]
        for direction in (1.0, -1.0):
            if self.seen.width[cell] >= needed - WHOLE:
                return
            self._see(self.extreme(direction * weights))
        self.seen.exact[cell] = True

    def ranges(self, needed: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Smallest and largest value found for each cell, searching until a range of `needed` is found or excluded.

        `needed`: per cell, 0 for cells nobody has to search. For a cell whose range stays below `needed` the two values
        are the exact range.
        """
        self.move_many(needed)
        for cell in np.flatnonzero(self.lacking(needed)):
            self.search(int(cell), float(needed[cell]))
        return self.seen.low.copy(), self.seen.high.copy()

    def wide(self, needed: FloatArray) -> BoolArray:
        """Per cell, whether its range is as wide as `needed`: less work than the ranges."""
        self.move_many(needed)
        found = self.seen.width >= needed - WHOLE
        for cell in np.flatnonzero(~found):
            found[cell] = self.reaches(int(cell), float(needed[cell]))
        return found

    @cached_property
    def possible_width(self) -> FloatArray:
        """Per cell, a range that the attack cannot exceed: from each known sum alone and the bounds of its unknowns."""
        published, known = self.published, self._known
        low, high = published.floor, np.minimum(published.ceiling, FAR)
        most = (published.most - self._sums @ low)[known]
        least = (published.least - self._sums @ high)[known]
        rows, spare, short = self._known_rows, np.full(len(low), np.inf), np.full(len(low), -np.inf)
        lengths = np.diff(rows.start)
        np.minimum.at(spare, rows.index, np.repeat(most, lengths))
        np.maximum.at(short, rows.index, np.repeat(least, lengths))
        return self._sums @ np.maximum(np.minimum(high, low + spare) - np.maximum(low, high + short), 0.0)

    def believe(self, points: Sequence[FloatArray]) -> list[FloatArray]:
        """Take other counts into account that somebody says fit everything published; returns those that do and have shown
        something new."""
        if not points:
            return []
        together = np.stack(points, axis=1)
        values = self._sums @ together
        fits = self._fits(together, values)
        return [point for place, point in enumerate(points) if fits[place] and self._widen(values[:, place])]

    def fits(self, point: FloatArray) -> bool:
        """Whether these counts fit everything published."""
        return bool(self._fits(point[:, None], self._sums @ point[:, None])[0])

    def _fits(self, points: FloatArray, values: FloatArray) -> BoolArray:
        """Of counts in columns, and the cells they amount to."""
        published = self.published
        inside = [
            _within(values, published.least, published.most),
            _within(points, published.floor, published.ceiling),
        ]
        fits: Any = np.concatenate(inside).all(axis=0)
        return fits

    def _see(self, found: FloatArray) -> None:
        if self._found is not None:
            self._found.append(found)
        self._widen(self._sums @ found)

    def _widen(self, sums: FloatArray) -> bool:
        # The last bits depend on the path of the solver; what is hidden must not.
        values = np.round(sums, _DIGITS)
        new = bool(((values < self.seen.low) | (values > self.seen.high)).any())
        np.minimum(self.seen.low, values, out=self.seen.low)
        np.maximum(self.seen.high, values, out=self.seen.high)
        return new


class Attacks:
    """The attacks on one release: what was found is remembered by everything it depends on.

    What protection ends with is what the gate attacks, indicator after indicator.
    """

    def __init__(self) -> None:
        self._seen: dict[bytes, Seen] = {}

    def on(self, published: Published, start: FloatArray) -> Attacker:
        """An attacker of what is published, `start` being known to fit, who knows what earlier ones have found."""
        sums: Any = published.sums
        digest = hashlib.sha256(repr(sums.shape).encode())
        for part in (
            sums.indptr, sums.indices, sums.data, published.least, published.most, published.floor, published.ceiling,
            start,
        ):  # fmt: skip
            digest.update(np.ascontiguousarray(part).tobytes())
            digest.update(b"|")
        key = digest.digest()
        attacker = Attacker(published, start, self._seen.get(key))
        self._seen[key] = attacker.seen
        return attacker


def _within(values: FloatArray, least: FloatArray, most: FloatArray) -> BoolArray:
    return (values >= least[:, None] - WHOLE) & (values <= most[:, None] + WHOLE)


def exact_ranges(published: Published, cells: Any, *, whole: bool = False) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest value of some cells; an unbounded one ends at the ceiling of the attack.

    By linear programming, or over whole numbers only (`whole`), which is slower and never wider.
    """
    chosen = np.asarray(cells)
    if not whole:
        needed = np.zeros(published.sums.shape[0])
        needed[chosen] = np.inf
        low, high = Attacker(published).ranges(needed)
        return low[chosen], high[chosen]
    sums = published.sums
    limits = optimize.LinearConstraint(sums, published.least, published.most)  # type: ignore[arg-type]
    box = optimize.Bounds(published.floor, np.minimum(published.ceiling, FAR))  # type: ignore[arg-type]
    found = []
    for cell in chosen:
        weights = np.asarray(sums[cell].todense()).ravel()
        ends = []
        for direction in (1.0, -1.0):
            result = optimize.milp(
                direction * weights, constraints=limits, bounds=box, integrality=np.ones(len(weights))
            )
            if result.x is None:
                raise NoSuchTable("what is published contradicts itself: no whole numbers fit all of it")
            ends.append(direction * float(result.fun))
        found.append(ends)
    table = np.round(np.array(found, dtype=np.float64).reshape(-1, 2))
    return table[:, 0], table[:, 1]
