"""An attacker from outside, who has the published table of indicators and nothing else.

What belongs here: everything that table says of an indicator and a subgroup as one system of equations, over trusts, Alliances,
nations and both nations, quarters and longer periods, numerators and denominators. What does not: disclosure control's own
tables. Only the solver of linear programmes is the product's.

Unknown are the people in and outside the numerator of every trust and quarter; of a subgroup, which trusts do not publish,
of every Alliance and quarter. A row that is not there says that nobody was counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from naome_pipeline.disclosure.attack import Attacker, Published

ORDER = ("trust", "alliance", "nation", "both_nations")
KEYS = ["indicator", "period_kind", "period", "level", "unit_code", "subgroup"]
ONE = 1.0 - 1e-6


def quarters_of(period: str) -> tuple[int, ...]:
    """A label as numbers of quarters: `2023 Q4`, `2023 Q4 to 2024 Q3`, `2022 to 2024`."""
    found = [(int(year), int(quarter or 0)) for year, quarter in re.findall(r"(\d{4})(?: Q(\d))?", period)]
    first, last = found[0], found[-1]
    return tuple(range(4 * first[0] + (first[1] or 1) - 1, 4 * last[0] + (last[1] or 4)))


@dataclass
class Attacked:
    """One indicator in one subgroup. `cells`: one row per count (KEYS, `count`: numerator or denominator, `value`)."""

    cells: pd.DataFrame
    sums: Any

    def ranges(self, *, needed: float = 1.0) -> pd.DataFrame:
        """The hidden cells with the smallest and largest value that fits everything published; a range is searched until
        it is as wide as `needed`."""
        hidden = self.cells["value"].isna().to_numpy()
        low, high = self._ends(hidden, np.where(hidden, needed, 0.0))
        return self.cells[hidden].assign(low=low[hidden], high=high[hidden])

    def known_anyway(self, places: Any) -> Any:
        """Which of some cells are known from what hiding cannot change: a numerator from the nations' rows and the
        denominators, a denominator from the nations' rows alone."""
        hidden = self.cells["value"].isna().to_numpy()
        below = self.cells["level"].isin(["trust", "alliance"]).to_numpy()
        top = (self.cells["count"] == "numerator").to_numpy()
        asked = np.isin(self.cells.index.to_numpy(), places)
        known = np.zeros(len(hidden), dtype=bool)
        for part, away in ((top, below & top), (~top, below)):
            if (asked & part).any():
                low, high = self._ends(hidden | away, (asked & part) * 1.0)
                known |= asked & part & (high - low < ONE)
        return known[np.searchsorted(self.cells.index.to_numpy(), places)]

    def in_a_shown_zero(self, places: Any) -> Any:
        """Which of some cells are part of a longer period of which a zero is shown: that says so of all its parts."""
        zeros = self.cells[self.cells["value"] == 0]
        of = ["level", "unit_code", "count"]
        longer: dict[Any, list[set[int]]] = {}
        for *unit, period in zeros[[*of, "period"]].itertuples(index=False):
            longer.setdefault(tuple(unit), []).append(set(quarters_of(period)))
        return np.array([
            any(set(quarters_of(period)) < whole for whole in longer.get(tuple(unit), ()))
            for *unit, period in self.cells.loc[places, [*of, "period"]].itertuples(index=False)
        ])  # fmt: skip

    def _ends(self, away: Any, needed: Any) -> tuple[Any, Any]:
        values = self.cells["value"].to_numpy(dtype=float, na_value=0.0)
        return Attacker(Published.shown(self.sums, values, away)).ranges(needed)


class Outside:
    """The published table, read as an attacker does."""

    def __init__(self, published: pd.DataFrame) -> None:
        self.published = published.assign(subgroup=published["subgroup"].fillna("all"))

    @cached_property
    def trusts(self) -> dict[str, tuple[str | None, str]]:
        """Alliance (or none) and nation of every trust."""
        rows: Any = self.published[self.published["level"] == "trust"].drop_duplicates("unit_code")
        return {
            code: (None if pd.isna(alliance) else alliance, nation)
            for code, alliance, nation in rows[["unit_code", "alliance_code", "nation"]].itertuples(
                index=False
            )
        }

    @cached_property
    def alliances(self) -> dict[str, str]:
        """Nation of every Alliance."""
        rows: Any = self.published[self.published["level"] == "alliance"].drop_duplicates("unit_code")
        return dict(rows[["unit_code", "nation"]].itertuples(index=False))

    def _leaves(self, subgroup: str) -> dict[str, dict[str, str]]:
        """The smallest units there are, each with the unit it is counted in at every level."""
        nations = {nation: nation for _, nation in self.trusts.values()} | {
            n: n for n in self.alliances.values()
        }
        if subgroup == "all":
            leaves = {code: {"trust": code, "nation": nation} for code, (_, nation) in self.trusts.items()}
            for code, (alliance, _) in self.trusts.items():
                if alliance is not None:
                    leaves[code]["alliance"] = alliance
        else:
            leaves = {code: {"alliance": code, "nation": nation} for code, nation in self.alliances.items()}
            without = {nation for alliance, nation in self.trusts.values() if alliance is None}
            leaves |= {f"the rest of {nation}": {"nation": nation} for nation in without}
        covered = {unit for of in leaves.values() for unit in of.values()}
        leaves |= {a: {"alliance": a, "nation": n} for a, n in self.alliances.items() if a not in covered}
        leaves |= {n: {"nation": n} for n in nations if n not in covered}
        for of in leaves.values():
            of["both_nations"] = "England and Wales"
        return leaves

    def indicators(self) -> Iterator[Attacked]:
        """Every indicator and subgroup."""
        for name, of in self.published.groupby("indicator"):
            for subgroup in sorted(set(of["subgroup"])):
                yield self._attacked(str(name), subgroup, of)

    def _attacked(self, name: str, subgroup: str, of: Any) -> Attacked:
        leaves = self._leaves(subgroup)
        here = of[of["subgroup"] == subgroup]
        # What a level publishes of some subgroup it publishes of all.
        alike = here if subgroup == "all" else of[of["subgroup"] != "all"]
        quarters = sorted({q for period in of["period"].unique() for q in quarters_of(period)})
        assert all(b == a + 1 for a, b in pairwise(quarters))
        spans: dict[str, Any] = {
            period: np.isin(quarters, quarters_of(period)).astype(float) for period in of["period"].unique()
        }
        is_count = here["numerator"].notna().any() or here["median_days"].isna().all()
        counts = here[["level", "unit_code", "period_kind", "period", "numerator", "denominator"]]
        there = {tuple(key): values for *key, top, bottom in counts.itertuples(index=False)
                 for values in [{"numerator": top, "denominator": bottom}]}  # fmt: skip
        nobody = {"numerator": 0.0, "denominator": 0.0}
        rows: list[Any] = []
        cells: list[tuple[Any, ...]] = []
        for level in ORDER:
            periods = alike.loc[alike["level"] == level, ["period_kind", "period"]].drop_duplicates()
            units = sorted({of_leaf[level] for of_leaf in leaves.values() if level in of_leaf})
            if not len(periods) or not units:
                continue
            members = [[float(of_leaf.get(level) == unit) for of_leaf in leaves.values()] for unit in units]
            everybody = sparse.kron(np.array(members), np.stack([spans[p] for p in periods["period"]]))
            for count, inside_alone in (("denominator", False), ("numerator", True)):
                if inside_alone and not is_count:
                    continue
                rows.append(sparse.hstack([everybody, 0 * everybody if inside_alone else everybody]))
                cells += [
                    (name, kind, period, level, unit, subgroup, count,
                     there.get((level, unit, kind, period), nobody)[count])
                    for unit in units for kind, period in periods.itertuples(index=False)
                ]  # fmt: skip
        columns = pd.Index([*KEYS, "count", "value"])
        return Attacked(pd.DataFrame(cells, columns=columns), sparse.vstack(rows, format="csr"))


def recovered(published: pd.DataFrame) -> pd.DataFrame:
    """Hidden counts that only one whole number fits, `low`; without those that are known whatever is hidden, and those of a
    shown zero, which the rule allows."""
    found: list[Any] = []
    for attacked in Outside(published).indicators():
        ranges = attacked.ranges()
        exact = ranges[ranges["high"] - ranges["low"] < ONE]
        if len(exact):
            places = exact.index.to_numpy()
            found.append(exact[~attacked.known_anyway(places) & ~attacked.in_a_shown_zero(places)])
    columns = pd.Index([*KEYS, "count", "value", "low", "high"])
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
