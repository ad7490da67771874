"""Tables for the tests of disclosure control: sums of unknown counts, made by hand or at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytauargus
from numpy.typing import NDArray
from scipy import sparse

from naome_pipeline.disclosure.protection import Table

SMALLEST_SHOWN = 5
NEEDED = 3.0


@dataclass
class Drawn:
    """Cells as sums of unknowns, their true values, and which of them may not be hidden."""

    sums: NDArray[Any]
    counts: NDArray[Any]
    exempt: NDArray[Any]

    @property
    def values(self) -> NDArray[Any]:
        return self.sums @ self.counts

    @property
    def small(self) -> NDArray[Any]:
        return (self.values > 0) & (self.values < SMALLEST_SHOWN) & ~self.exempt

    def table(self, known: NDArray[Any] | None = None) -> Table:
        """The table as the protection sees it. `known`: cells shown by an earlier release."""
        shown = self.exempt if known is None else self.exempt | known
        small = self.small & ~shown
        total = float(self.counts.sum())
        return Table(
            sparse.csr_matrix(self.sums, dtype=float),
            self.counts.astype(float),
            np.full(len(self.counts), total),
            np.where(small, np.minimum(NEEDED, total), 0.0),
            small,
            np.where(shown, np.inf, 1.0),
        )


def crossed(numbers: Any, *, exempt_total: bool = True) -> Drawn:
    """A table of rows and columns with its margins; the grand total is not hidden."""
    cells = np.asarray(numbers)
    rows, columns = cells.shape
    parts: list[Any] = [np.eye(rows * columns)]
    parts.append(np.kron(np.eye(rows), np.ones((1, columns))))
    parts.append(np.kron(np.ones((1, rows)), np.eye(columns)))
    parts.append(np.ones((1, rows * columns)))
    sums = np.concatenate(parts)
    exempt = np.zeros(len(sums), dtype=bool)
    exempt[-1] = exempt_total
    return Drawn(sums, cells.ravel(), exempt)


def places_in_time(rng: Any, regions: int, trusts: int, quarters: int, window: int, mean: float) -> Drawn:
    """Trusts in regions in a nation, over quarters and rolling windows; the nation is not hidden."""
    counts = rng.poisson(mean, (regions * trusts, quarters))
    spans = [[q] for q in range(quarters)] + [
        list(range(q, q + window)) for q in range(quarters - window + 1)
    ]
    inside = np.zeros((len(spans), quarters))
    for row, span in enumerate(spans):
        inside[row, span] = 1
    units = np.concatenate([
        np.eye(regions * trusts), np.kron(np.eye(regions), np.ones((1, trusts))), np.ones((1, regions * trusts)),
    ])  # fmt: skip
    sums = np.kron(units, inside)
    exempt = np.zeros(len(sums), dtype=bool)
    exempt[-len(spans) :] = True
    return Drawn(sums, counts.ravel(), exempt)


def subgroup_and_whole(rng: Any, units: int, mean: float) -> Drawn:
    """Units, each split into a subgroup and everybody else; the units' wholes and the sums over units are published."""
    counts = rng.poisson(mean, 2 * units)
    part, rest = np.eye(2 * units)[:units], np.eye(2 * units)[units:]
    total = np.repeat([[1.0, 0.0], [0.0, 1.0]], units, axis=1)
    sums = np.concatenate([part, rest, part + rest, total, np.ones((1, 2 * units))])
    exempt = np.zeros(len(sums), dtype=bool)
    exempt[-3:] = True
    return Drawn(sums, counts, exempt)


def solved_by_hand(drawn: Drawn, hidden: NDArray[Any]) -> dict[int, float]:
    """Hidden cells that simple subtraction gives away: the only hidden one in a sum, again and again.

    A second, weaker attacker that shares no code with the product.
    """
    known = {i: float(v) for i, v in enumerate(drawn.values) if not hidden[i]}
    rows = {tuple(np.flatnonzero(row)): i for i, row in enumerate(drawn.sums)}
    found: dict[int, float] = {}
    changed = True
    while changed:
        changed = False
        for whole, index in rows.items():
            for part, other in rows.items():
                if len(part) < len(whole) and set(part) < set(whole):
                    rest = tuple(sorted(set(whole) - set(part)))
                    three = (index, other, rows.get(rest))
                    missing = [i for i in three if i is not None and i not in known]
                    if three[2] is None or len(missing) != 1:
                        continue
                    value = {
                        three[0]: lambda k=known, t=three: k[t[1]] + k[t[2]],
                        three[1]: lambda k=known, t=three: k[t[0]] - k[t[2]],
                        three[2]: lambda k=known, t=three: k[t[0]] - k[t[1]],
                    }[missing[0]]()
                    known[missing[0]] = found[missing[0]] = value
                    changed = True
    return found


def tau_argus(numbers: np.ndarray, folder: Any) -> np.ndarray:
    """The optimal suppression of the same table by tau-argus: frequency below 5, whole table with margins."""
    people = [
        {"row": f"r{i}", "column": f"c{j}", "people": 1}
        for (i, j), count in np.ndenumerate(numbers)
        for _ in range(count)
    ]
    found: Any = pytauargus.protect(
        pd.DataFrame(people),
        ["row", "column"],
        "people",
        safety_rules="FREQ(5,30)",
        suppress="OPT(1)",
        workdir=str(folder),
    )
    table = pd.read_csv(
        found.tables[0].path, sep=";", header=None, usecols=[0, 1, 5], names=["row", "column", "status"]
    )
    status = table.set_index(["row", "column"])["status"]
    rows, columns = numbers.shape
    order = [
        *((f"r{i}", f"c{j}") for i in range(rows) for j in range(columns)),
        *((f"r{i}", "Total") for i in range(rows)),
        *(("Total", f"c{j}") for j in range(columns)),
        ("Total", "Total"),
    ]
    return np.array([status.get(place, "S") != "S" for place in order])
