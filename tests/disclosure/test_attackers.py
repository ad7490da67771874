"""Attackers of a release written again from the published table alone: a family's equations at once, and an outsider's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from naome_pipeline.disclosure.control import DisclosureControl
from naome_pipeline.disclosure.counts import ALLIANCE, TRUST
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.disclosure.relations import Periods, Population
from naome_pipeline.indicators.registry import registry
from naome_pipeline.indicators.reporting_periods import reporting_periods
from tests.disclosure.drawn import PERIOD, SNAPSHOT, first_year
from tests.disclosure.outside import Outside, recovered


def joint_attack(control: DisclosureControl, family: list[str]) -> tuple[Any, Any, list[tuple[Any, float]]]:
    """A second attacker, written from the published table alone: people by (combination of sets, trust, quarter), every shown
    number of trusts, Alliances and the nation an equation, all indicators of a family at once."""
    population, periods = control.population, control.periods
    columns = [population.indicators.index(name) for name in family]
    member = np.concatenate([population.numerator[:, columns], population.denominator[:, columns]], axis=1)
    kinds = np.unique(member, axis=0)
    trusts = len(population.trusts)
    rows, right, hidden = [], [], []
    units: list[tuple[str, int, Any]] = [(TRUST, u, np.eye(trusts)[u]) for u in range(trusts)]
    units += [
        (ALLIANCE, a, (population.alliance == a).astype(float)) for a in range(len(population.alliances))
    ]
    units.append(("nation", 0, np.ones(trusts)))
    count = len(family)
    for level, unit, inside in units:
        for place, i in enumerate(columns):
            for offset, table, role in (
                (0, "numerator", control.numerators),
                (count, "denominator", control.denominators),
            ):
                mask = kinds[:, place + offset].astype(float)
                for p in np.flatnonzero(control.published("trust" if level == TRUST else ALLIANCE, 0)[i]):
                    row = np.kron(mask, np.kron(inside, periods.quarters[p].astype(float)))
                    if level == "nation":
                        rows.append(row)
                        right.append(role[ALLIANCE][i, 0, :, p].sum())
                        continue
                    if getattr(control.marks, table)[level][i, 0, unit, p]:
                        value = role[level][i, 0, unit, p]
                        few = control._few(i, 0, level)[unit, p]
                        if few and value and table == "numerator":
                            hidden.append((row, float(value)))
                    else:
                        rows.append(row)
                        right.append(role[level][i, 0, unit, p])
    return np.array(rows), np.array(right), hidden


@pytest.mark.parametrize(
    "family", [["P9"], ["P8", "P8_recorded", "D6"], ["P1", "P1_any_date", "P1_recorded", "D5"]]
)
def test_a_second_attacker_with_all_equations_at_once_recovers_nothing(small, family):
    rows, right, hidden = joint_attack(small, family)
    assert len(hidden) > 20
    rows, kept = np.unique(rows, axis=0, return_index=True)
    right = right[kept]
    for row, value in hidden[:: max(len(hidden) // 25, 1)]:
        low, high = (
            sign * float(linprog(sign * row, A_eq=rows, b_eq=right, bounds=(0, None), method="highs").fun)
            for sign in (1, -1)
        )
        assert low - 1e-6 <= value <= high + 1e-6
        assert high - low > 0.5


def published_table(control: DisclosureControl) -> pd.DataFrame:
    """Every row that a release of these counts has, hidden numbers missing, with those of the nations."""
    population, periods = control.population, control.periods
    labels = list(periods.table[["period_kind", "period"]].itertuples(index=False, name=None))
    nations = sorted(set(population.nation))
    rows: list[tuple[Any, ...]] = []
    for i, s in np.ndindex(control.shapes[ALLIANCE][:2]):
        name, subgroup = population.indicators[i], population.subgroups[s]
        of = (control.numerators[ALLIANCE][i, s], control.denominators[ALLIANCE][i, s])
        for p in np.flatnonzero(control.published(ALLIANCE, 0)[i]):
            key = (name, subgroup, *labels[p])
            for nation in nations:
                inside = np.array(population.nation) == nation
                counts = [float(values[inside, p].sum()) for values in of]
                rows.append((*key, "nation", nation, None, nation, *counts))
            for level, units in ((ALLIANCE, population.alliances), (TRUST, population.trusts)):
                if (level == TRUST and s) or not control.published(level, s)[i, p]:
                    continue
                for u, unit in enumerate(units):
                    alliance = u if level == ALLIANCE else population.alliance[u]
                    nation, named = population.nation[alliance], not population.unnamed[alliance]
                    top, bottom = (
                        np.nan if marks[level][i, s, u, p] else counts[level][i, s, u, p]
                        for marks, counts in (
                            (control.marks.numerator, control.numerators),
                            (control.marks.denominator, control.denominators),
                        )
                    )
                    above = population.alliances[alliance] if level == TRUST and named else None
                    # Where nobody is counted there is no row, unless it hides that.
                    if (named or level == TRUST) and bottom != 0:
                        rows.append((*key, level, unit, above, nation, top, bottom))
    columns = [
        "indicator", "subgroup", "period_kind", "period", "level", "unit_code", "alliance_code", "nation", "numerator",
        "denominator",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=pd.Index(columns)).assign(median_days=np.nan)


def neighbours(numerator: int) -> DisclosureControl:
    """Two Alliances of three trusts with 20 people a quarter, half of them in the numerator of P5, and one of a single
    trust, whose numerator is `numerator` in the first quarter and 0 in the others."""
    periods = Periods.of(reporting_periods(PERIOD, SNAPSHOT))
    quarters = periods.quarters.shape[1]
    rows = [(t, q, n % 2 == 0) for t in range(6) for q in range(quarters) for n in range(20)]
    rows += [(6, q, q == 0 and n < numerator) for q in range(quarters) for n in range(20)]
    trust, quarter, yes = (np.array(column) for column in zip(*rows, strict=True))
    population = Population(
        ("P5",), ("all",), tuple(f"T{n}" for n in range(7)), ("A0", "A1", "A2"), trust, quarter,
        np.arange(7) // 3, tuple(["England"] * 3), np.ones((len(rows), 1), dtype=bool), yes[:, None].astype(bool),
        np.ones((len(rows), 1), dtype=bool),
    )  # fmt: skip
    control = DisclosureControl(
        population, periods, np.ones((1, len(periods.table)), dtype=bool), registry(), policies()["public"]
    )
    assert control.decide() == []
    return control


def test_an_alliance_hidden_to_protect_another_is_not_given_back_by_its_trusts():
    """An Alliance of one trust has three people in the numerator. Another Alliance is hidden beside it; were all its trusts
    shown, their sum and the nation's would give the three away."""
    control = neighbours(3)
    year = first_year(control)
    assert control.marks.numerator[ALLIANCE][0, 0, 2, year]
    assert control.marks.numerator[TRUST][0, 0, 6, year]
    found = recovered(published_table(control))
    assert len(found) == 0, found


def test_an_attacker_from_outside_recovers_nothing(small):
    published = published_table(small)
    assert sum(attacked.cells["value"].isna().sum() for attacked in Outside(published).indicators()) > 5_000
    found = recovered(published)
    assert len(found) == 0, found
