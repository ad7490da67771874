"""How the published counts hang together: units in units, quarters in longer periods, sets of people in sets of people.

What belongs here: turning people into the unknowns and sums of the attack. What does not: what to hide (`control.py`).

Every published count of a set of people is a sum over units (trusts make up an Alliance, Alliances a nation) and over
quarters (rolling years, the audit period). So the unknowns are people by unit and quarter, and the matrix of all sums is
one Kronecker product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from naome_pipeline.disclosure.attack import BoolArray, FloatArray
from naome_pipeline.indicators.registry import Indicator, Registry
from naome_pipeline.indicators.reporting_periods import AUDIT_PERIOD, QUARTER, ROLLING

IntArray = NDArray[np.int64]
ALL = "all"
NO_ALLIANCE = "no Cancer Alliance"


@dataclass(frozen=True)
class Periods:
    """Every reporting period and the quarters in it. `table`: period_kind, period; `quarters`: periods × quarters."""

    table: pd.DataFrame
    quarters: BoolArray

    @classmethod
    def of(cls, reporting_periods: pd.DataFrame) -> Periods:
        """From `reporting_periods` (period_kind, period, quarter_start)."""
        starts = np.sort(reporting_periods["quarter_start"].unique())
        table = reporting_periods[["period_kind", "period"]].drop_duplicates().reset_index(drop=True)
        place = table.reset_index().merge(reporting_periods, on=["period_kind", "period"])
        inside = np.zeros((len(table), len(starts)), dtype=bool)
        inside[place["index"].to_numpy(), np.searchsorted(starts, place["quarter_start"].to_numpy())] = True
        return cls(table, inside)

    @cached_property
    def worth(self) -> FloatArray:
        """What a reader loses when a period is hidden: a quarter least, the newest year and the audit period most."""
        kinds = self.table["period_kind"].to_numpy()
        worth = np.select([kinds == QUARTER, kinds == ROLLING, kinds == AUDIT_PERIOD], [1.0, 3.0, 12.0], 12.0)
        rolling = np.flatnonzero(kinds == ROLLING)
        worth[rolling[-1:]] = 8.0
        return worth


@dataclass(frozen=True)
class Population:
    """The cohort as sets. One entry per person of a reported quarter.

    `trust`, `quarter`: places in `trusts` and the quarters; `denominator`, `numerator`: people × indicators;
    `subgroup`: people × subgroups. `alliance`: per trust, place in `alliances`; `nation`: per Alliance.
    """

    indicators: tuple[str, ...]
    subgroups: tuple[str, ...]
    trusts: tuple[str, ...]
    alliances: tuple[str, ...]
    trust: IntArray
    quarter: IntArray
    alliance: IntArray
    nation: tuple[str, ...]
    denominator: BoolArray
    numerator: BoolArray
    subgroup: BoolArray

    @classmethod
    def of(
        cls,
        person_facts: Any,
        person_indicators: Any,
        person_subgroups: Any,
        quarter_starts: Sequence[pd.Timestamp],
        indicators: Sequence[str],
        subgroups: Sequence[str],
    ) -> Population:
        """From the tables of people; a trust without an Alliance belongs to a group of its own in its nation."""
        facts = person_facts[person_facts["quarter_start"].isin(quarter_starts)].sort_values("person_id")
        people = pd.Index(facts["person_id"])
        group = facts["alliance_code"].fillna(NO_ALLIANCE + " in " + facts["nation"].astype(str))
        places: Any = (
            pd.DataFrame({"trust": facts["trust_code"], "alliance": group, "nation": facts["nation"]})
            .drop_duplicates("trust")
            .sort_values("trust")
        )
        trusts, alliances = tuple(places["trust"]), tuple(sorted(set(places["alliance"])))
        nations = dict(zip(places["alliance"], places["nation"], strict=True))
        inside = person_indicators[person_indicators["indicator"].isin(indicators)]
        row, column = (
            people.get_indexer(inside["person_id"]),
            pd.Index(indicators).get_indexer(inside["indicator"]),
        )
        known = row >= 0
        denominator = np.zeros((len(people), len(indicators)), dtype=bool)
        numerator = denominator.copy()
        denominator[row[known], column[known]] = True
        numerator[row[known], column[known]] = (inside["value"].to_numpy() == 1)[known]
        members = person_subgroups[person_subgroups["subgroup"].isin(subgroups)]
        row, column = (
            people.get_indexer(members["person_id"]),
            pd.Index(subgroups).get_indexer(members["subgroup"]),
        )
        subgroup = np.zeros((len(people), len(subgroups)), dtype=bool)
        subgroup[row[row >= 0], column[row >= 0]] = True
        return cls(
            tuple(indicators),
            tuple(subgroups),
            trusts,
            alliances,
            pd.Index(trusts).get_indexer(facts["trust_code"]),
            np.searchsorted(np.asarray(quarter_starts), facts["quarter_start"].to_numpy()),
            pd.Index(alliances).get_indexer(places["alliance"]),
            tuple(nations[a] for a in alliances),
            denominator,
            numerator,
            subgroup,
        )

    @property
    def unnamed(self) -> BoolArray:
        """Per Alliance: whether it stands for the trusts of a nation that have none, and is nothing that is published."""
        return np.array([str(a).startswith(NO_ALLIANCE) for a in self.alliances], dtype=bool)

    @property
    def whole_nation(self) -> BoolArray:
        """Per Alliance: whether it stands for all trusts of a nation without Alliances. What it counts is what the nation
        counts, which is published."""
        alone = np.array([self.nation.count(n) == 1 for n in self.nation], dtype=bool)
        return alone & self.unnamed

    def by_unit(self, inside: BoolArray, level: str, quarters: int) -> FloatArray:
        """People of a set per unit of a level and quarter."""
        unit = self.trust if level == "trust" else self.alliance[self.trust]
        units = len(self.trusts) if level == "trust" else len(self.alliances)
        flat = unit[inside] * quarters + self.quarter[inside]
        return np.bincount(flat, minlength=units * quarters).reshape(units, quarters).astype(float)


def families(registry: Registry, published: Sequence[str]) -> list[list[str]]:
    """Indicators whose sets lie in one another, the head first: variants, completeness, parts.

    A family has one base, the denominator of its head; an indicator without relatives is a family of its own.
    """
    head = {name: name for name in published}

    def root(name: str) -> str:
        while head[name] != name:
            name = head[name]
        return name

    for name in published:
        entry: Indicator = registry.indicators[name]
        for other in (entry.variant_of, entry.completeness, entry.part_of):
            if other in head:
                one, two = sorted((root(name), root(other)), key=published.index)
                head[two] = one
    groups: dict[str, list[str]] = {}
    for name in published:
        groups.setdefault(root(name), []).append(name)
    return [_base_first(registry, group) for group in groups.values()]


def _base_first(registry: Registry, group: list[str]) -> list[str]:
    """The indicator with the widest denominator first."""
    return sorted(
        group, key=lambda name: (registry.indicators[name].denominator.where != "TRUE", group.index(name))
    )


def sums_of(units: BoolArray, periods: BoolArray) -> sparse.csr_matrix:
    """All sums of one set of people: (unit rows × periods) × (units × quarters). Made once, and not to be changed."""
    return _sums_of(units.tobytes(), units.shape, periods.tobytes(), periods.shape)


@lru_cache(maxsize=256)
def _sums_of(
    units: bytes, unit_shape: tuple[int, ...], periods: bytes, period_shape: tuple[int, ...]
) -> sparse.csr_matrix:
    one, other = (
        np.frombuffer(of, dtype=bool).reshape(shape).astype(float)
        for of, shape in ((units, unit_shape), (periods, period_shape))
    )
    return sparse.csr_matrix(sparse.kron(one, other, format="csr"))
