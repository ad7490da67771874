"""The values that outputs quote, looked up by indicator and unit: each indicator's audit period, or its newest year where none
is complete.

What belongs here: finding a released value and saying it. What does not: choosing which indicators an output shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.headline import (
    cohort_of,
    main_period,
    national_values,
    newest_periods,
    other_period,
)
from naome_pipeline.reports.released import ReleasedTables

BOTH, NATION, ALLIANCE, TRUST = "both_nations", "nation", "alliance", "trust"
ADJUSTED, UNADJUSTED = "risk adjusted", "unadjusted"
HIDDEN = "hidden to protect people"
NOT_GIVEN = "not given"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Unit:
    """A nation, Alliance or trust as an output names it."""

    level: str
    code: str
    name: str
    alliance: str | None
    nation: str


class MainPeriod:
    """The released values of everybody, each indicator in its newest period; `label`: the period of most."""

    def __init__(self, tables: ReleasedTables) -> None:
        values: Any = tables.frame("released_indicators")
        values = values[values["subgroup"] == "all"]
        chosen: Any = newest_periods(values)
        self.label = main_period(chosen)
        self._periods = dict(chosen[["indicator", "period"]].drop_duplicates().itertuples(index=False))
        whole: Any = national_values(tables)
        self._whole: dict[str, Row] = {
            row["indicator"]: row for row in whole[whole["subgroup"] == "all"].to_dict("records")
        }
        self._rows: dict[tuple[str, str, str], Row] = {
            (row["indicator"], row["level"], row["unit_code"]): row for row in chosen.to_dict("records")
        }
        definitions: Any = tables.frame("released_definitions").sort_values("position")
        self.definitions: dict[str, Row] = {
            str(row["indicator"]): row for row in definitions.to_dict("records")
        }
        self.units = {level: _units(values, level) for level in (BOTH, NATION, ALLIANCE, TRUST)}
        self._comparisons = _formal_comparisons(tables.frame("released_comparison"), self.definitions)

    def whole(self, indicator: str) -> Row | None:
        """The value of an indicator that stands for all: of both nations, or of the only one that has it."""
        return self._whole.get(indicator)

    @property
    def cohort(self) -> Row | None:
        """A value whose denominator is everybody in the cohort, of the period of most."""
        return cohort_of(self._whole.values(), self.definitions, self.label)

    def aside(self, indicator: str) -> str:
        """The period of an indicator where it is not that of most: `, people diagnosed in 2022`."""
        return other_period(self._periods.get(indicator, self.label), self.label)

    def whole_aside(self, indicator: str) -> str:
        """The same of the value that stands for all, and the nation where only one of two has it: `, England only`."""
        row = self._whole.get(indicator)
        alone = row is not None and row["level"] == NATION and len(self.units[NATION]) > 1
        return (f", {row['unit_code']} only" if row and alone else "") + self.aside(indicator)

    @property
    def nations(self) -> str:
        """`England`, or `England and Wales`."""
        return " and ".join(unit.name for unit in self.units[NATION]) or "no nation"

    @property
    def trusts(self) -> list[Unit]:
        """Every trust with a row, shown or hidden, by name."""
        return self.units[TRUST]

    def row(self, indicator: str, unit: Unit | None) -> Row | None:
        """The value of an indicator for a unit; None where the release has no row."""
        return None if unit is None else self._rows.get((indicator, unit.level, unit.code))

    def alliance_of(self, unit: Unit) -> Unit | None:
        """The Alliance of a trust, if it has one with rows."""
        return next((u for u in self.units[ALLIANCE] if u.code == unit.alliance), None)

    def nation_of(self, unit: Unit) -> Unit | None:
        """The nation of a unit."""
        return next((u for u in self.units[NATION] if u.code == unit.nation), None)

    def comparison(self, indicator: str, unit: Unit) -> Row | None:
        """The comparison that counts for a trust: risk adjusted where the indicator asks for it, else unadjusted."""
        return self._comparisons.get((indicator, unit.code))

    @property
    def compared(self) -> list[Row]:
        """The comparisons that count, of all trusts, in the order of indicators and codes."""
        order = list(self.definitions)
        return [
            self._comparisons[key]
            for key in sorted(self._comparisons, key=lambda k: (order.index(k[0]), k[1]))
        ]


def _units(values: pd.DataFrame, level: str) -> list[Unit]:
    of = values.loc[values["level"] == level, ["unit_code", "unit_name", "alliance_code", "nation"]]
    of = of.drop_duplicates("unit_code").sort_values(["unit_name", "unit_code"], na_position="last")
    return [
        Unit(
            level,
            str(r.unit_code),
            str(r.unit_code if numbers.missing(r.unit_name) else r.unit_name),
            None if numbers.missing(r.alliance_code) else str(r.alliance_code),
            "" if numbers.missing(r.nation) else str(r.nation),
        )
        for r in of.itertuples(index=False)
    ]


def _formal_comparisons(
    comparison: pd.DataFrame, definitions: Mapping[str, Row]
) -> dict[tuple[str, str], Row]:
    """An indicator whose definition asks for risk adjustment is never judged by its unadjusted position, and nobody is judged
    twice by a variant of an indicator."""
    found = {}
    for row in comparison.to_dict("records"):
        definition = definitions.get(str(row["indicator"]))
        if definition is None or not numbers.missing(definition["variant_of"]):
            continue
        adjusted = definition["risk_adjustment"] not in (None, "none")
        if row["comparison"] == (ADJUSTED if adjusted else UNADJUSTED):
            found[str(row["indicator"]), str(row["trust_code"])] = row
    return found


def shown(row: Row | None) -> bool:
    """Whether a row has a value to show."""
    if row is None:
        return False
    return not numbers.missing(row["proportion"]) or not numbers.missing(row["median_days"])


def said(row: Row | None) -> str:
    """A value as text: `38.7% (12 of 31)`, `41.5 days (median)`, why there is none."""
    if row is None:
        return NOT_GIVEN
    if not numbers.missing(row["median_days"]):
        return f"{numbers.days(row['median_days'])} (median)"
    if numbers.missing(row["proportion"]):
        bottom = row["denominator"]
        return HIDDEN if numbers.missing(bottom) else f"{HIDDEN} ({numbers.count(bottom)} people)"
    counts = f"{numbers.count(row['numerator'])} of {numbers.count(row['denominator'])}"
    return f"{numbers.percent(row['proportion'])} ({counts})"


def why_none(definition: Row) -> str:
    """Why an indicator has no values in this release, as a sentence."""
    return wording.state(definition, has_values=False)
