"""Protection: which further cells to hide so that no small count can be worked out.

What belongs here: choosing cells to hide, cheapest first, until the attack finds nothing. What does not: the attack
(`attack.py`), the tables of the audit (`relations.py`).

A hidden cell is safe when other whole numbers fit everything published and change it by enough. So for a cell that is not
safe the cheapest such change is looked for: a linear programme over all cells, in which changing a cell that is shown has
a price; the cells it changes are hidden. This is the network heuristic for cell suppression (Cox 1980; Fischetti and
Salazar 2001) with prices in place of values: who reads a table misses a year more than a quarter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from naome_pipeline.disclosure.attack import (
    WHOLE,
    Attacker,
    Attacks,
    BoolArray,
    FloatArray,
    Published,
)
from naome_pipeline.disclosure.programmes import Rows, solver_of

_MOST_ROUNDS = 20


@dataclass(frozen=True)
class Table:
    """A table to protect.

    `sums`: cells × unknowns, 0 or 1; `counts`: the true unknowns; `ceiling`: what is publicly known to bound each of
    them. Per cell: `needed`: the range an attacker must be left with when it is hidden (0: not sensitive); `hidden`:
    hidden to begin with; `price`: of hiding it (infinite: it is shown, or known, whatever happens); `slack_below`,
    `slack_above`: how much lower and higher the truth may be than what is shown of it (0 unless rounded).
    """

    sums: Any
    counts: FloatArray
    ceiling: FloatArray
    needed: FloatArray
    hidden: BoolArray
    price: FloatArray
    slack_below: FloatArray | None = None
    slack_above: FloatArray | None = None

    def published(self, hidden: BoolArray) -> Published:
        """What an attacker knows when these cells are hidden."""
        values = self.sums @ self.counts
        below = 0.0 if self.slack_below is None else self.slack_below
        above = 0.0 if self.slack_above is None else self.slack_above
        return Published(
            self.sums,
            np.where(hidden, 0.0, np.maximum(values - below, 0.0)),
            np.where(hidden, np.inf, values + above),
            np.zeros(len(self.counts)),
            self.ceiling,
        )

    def of(self, cells: Any, unknowns: Any = slice(None)) -> Table:
        """Some cells of it, as an attacker sees them who knows all but some of the unknowns."""
        slack = [None if part is None else part[cells] for part in (self.slack_below, self.slack_above)]
        return Table(
            sparse.csr_matrix(self.sums[cells][:, unknowns]),
            self.counts[unknowns],
            self.ceiling[unknowns],
            self.needed[cells],
            self.hidden[cells],
            self.price[cells],
            *slack,
        )


@dataclass(frozen=True)
class Protection:
    """What to hide. `unprotected`: sensitive cells that stay too well known even if all that may be hidden is. `low`,
    `high`: values that each cell can have, as far as that was looked for."""

    hidden: BoolArray
    unprotected: BoolArray
    low: FloatArray
    high: FloatArray


def protect(table: Table, attacks: Attacks | None = None, before: Protection | None = None) -> Protection:
    """Hide cells until every sensitive hidden cell has the range it needs, as far as that is possible.

    `attacks`: those on the same release, so that nothing is searched twice. `before`: the protection of the first cells of
    this table from an attacker who knows more: what that one could not exclude, this one cannot.
    """
    attacks = attacks or Attacks()
    hidden = table.hidden.copy()
    beyond_help = np.zeros(len(hidden), dtype=bool)
    values = table.sums @ table.counts
    low, high = values.copy(), values.copy()
    if before is not None:
        low[: len(before.low)], high[: len(before.high)] = before.low, before.high
    changes: _Changes | None = None
    best: Attacker | None = None
    for _ in range(_MOST_ROUNDS):
        needed = np.where(hidden & ~beyond_help & (high - low < table.needed - WHOLE), table.needed, 0.0)
        if not needed.any():
            break
        attacker = attacks.on(table.published(hidden), table.counts)
        attacker.move_many(needed)
        np.minimum(low, attacker.seen.low, out=low)
        np.maximum(high, attacker.seen.high, out=high)
        left = np.flatnonzero(high - low < needed - WHOLE)
        if len(left) == 0:
            break
        if best is None:
            # What hiding everything would not protect is not worth a search.
            best = attacks.on(table.published(hidden | np.isfinite(table.price)), table.counts)
            wanted = np.zeros(len(needed))
            wanted[left] = needed[left]
            beyond_help = ~best.wide(wanted)
        searched = False
        for cell in left[~beyond_help[left]]:
            if high[cell] - low[cell] >= needed[cell] - WHOLE:
                continue
            attacker.search(int(cell), float(needed[cell]))
            low[cell] = min(low[cell], attacker.seen.low[cell])
            high[cell] = max(high[cell], attacker.seen.high[cell])
            if high[cell] - low[cell] >= needed[cell] - WHOLE:
                continue
            searched = True
            changes = changes or _Changes(table)
            furthest = np.array([values[cell] - best.seen.low[cell], best.seen.high[cell] - values[cell]])
            down, up = values[cell] - low[cell], high[cell] - values[cell]
            found = changes.enough(int(cell), float(needed[cell]), (down, up), furthest, hidden)
            beyond_help[cell] = not found
            for change in found:
                hidden |= change.changed
                if change.whole is not None:
                    after = table.sums @ change.whole
                    np.minimum(low, after, out=low)
                    np.maximum(high, after, out=high)
        if not searched:
            break
    return Protection(hidden, beyond_help, low, high)


@dataclass(frozen=True)
class _Change:
    """Other counts that fit: the cells they change, and the counts when they are whole."""

    changed: BoolArray
    whole: FloatArray | None


class _Changes:
    """One programme per table: counts move, every cell's change is split into up and down, and changes have prices."""

    def __init__(self, table: Table) -> None:
        self.table = table
        cells, unknowns = table.sums.shape
        self.cells, self.unknowns = cells, unknowns
        identity = sparse.identity(cells, format="csr")
        rows: Any = sparse.hstack([table.sums, -identity, identity], format="csr")
        self._upper = np.full(2 * cells, np.inf)
        fixed = np.isinf(table.price) & ~table.hidden
        for side, slack in ((slice(0, cells), table.slack_above), (slice(cells, None), table.slack_below)):
            self._upper[side] = np.where(fixed, 0.0 if slack is None else slack, np.inf)
        self._solver = solver_of(
            Rows.of(rows, np.ones(cells, dtype=bool)),
            np.zeros(cells),
            np.zeros(cells),
            np.concatenate([-table.counts, np.zeros(2 * cells)]),
            np.concatenate([table.ceiling - table.counts, self._upper]),
        )

    def enough(
        self, cell: int, needed: float, moved: tuple[float, float], furthest: FloatArray, hidden: BoolArray
    ) -> list[_Change]:
        """Changes that give a cell its range: one way, or some of it each way; none when that is not possible.

        `moved`: how far the cell can be moved down and up already; `furthest`: how far with everything hidden.
        """
        one_way = self.cheapest(cell, needed - moved[0], needed - moved[1], hidden)
        if one_way is not None:
            return [one_way]
        for size in range(int(np.ceil(needed)) - 1, 0, -1):
            higher, lower = (
                self.cheapest(cell, size, None, hidden),
                self.cheapest(cell, None, needed - size, hidden),
            )
            if higher is not None and lower is not None:
                return [higher, lower]
        # Neither way in whole steps: as far as it goes, both ways.
        down, up = np.maximum(furthest - WHOLE, 0.0)
        both = [self.cheapest(cell, up, None, hidden), self.cheapest(cell, None, down, hidden)]
        return [change for change in both if change is not None]

    def cheapest(self, cell: int, up: float | None, down: float | None, hidden: BoolArray) -> _Change | None:
        """The cheapest change of a cell by `up` or by `down` (None: not that way); None when neither is possible."""
        price = np.where(hidden | np.isinf(self.table.price), 0.0, self.table.price)
        # A hidden cell's change is free but for a trifle, so that no change is larger than it has to be.
        cost = np.tile(price + 1e-4, 2)
        places = np.arange(self.unknowns, self.unknowns + 2 * self.cells, dtype=np.int32)
        self._solver.changeColsCost(len(places), places, cost)
        best: tuple[float, FloatArray] | None = None
        for place, size in ((cell, up), (self.cells + cell, down)):
            if size is None:
                continue
            other = cell + self.cells if place == cell else cell
            self._solver.changeColBounds(self.unknowns + place, size, np.inf)
            self._solver.changeColBounds(self.unknowns + other, 0.0, 0.0)
            self._solver.run()
            if self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
                total = float(self._solver.getInfo().objective_function_value)
                if best is None or total < best[0] - 1e-9:
                    best = (total, np.array(self._solver.getSolution().col_value)[: self.unknowns])
            for column in (cell, self.cells + cell):
                self._solver.changeColBounds(self.unknowns + column, 0.0, self._upper[column])
        if best is None:
            return None
        moved = best[1]
        change = self.table.sums @ moved
        above = WHOLE if self.table.slack_above is None else self.table.slack_above + WHOLE
        below = WHOLE if self.table.slack_below is None else self.table.slack_below + WHOLE
        changed = ((change > above) | (change < -below)) & ~np.isinf(self.table.price)
        whole = np.round(moved)
        fits = np.max(np.abs(whole - moved), initial=0.0) < WHOLE
        return _Change(changed, self.table.counts + whole if fits else None)
