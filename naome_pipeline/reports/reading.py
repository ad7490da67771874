"""A release as its outputs read it: definitions, units, the period of each indicator, and values looked up by them.

What belongs here: looking released values up, each table read once. What does not: saying them (`values.py`), what a release
says about itself (`about.py`), what an output says about a value.

One rule for every output: an indicator is quoted in its newest audit period, or in its newest rolling four quarters where no
audit period is complete for it; a period that is not that of most is named beside the value (`aside`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from naome_pipeline.indicators.reporting_periods import AUDIT_PERIOD, ROLLING, reported_span
from naome_pipeline.periods import parse_period
from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.about import About
from naome_pipeline.reports.released import ReleasedTables

BOTH, NATION, ALLIANCE, TRUST = "both_nations", "nation", "alliance", "trust"
LEVELS = (BOTH, NATION, ALLIANCE, TRUST)
ADJUSTED, UNADJUSTED, BY_TREATING = "risk adjusted", "unadjusted", "unadjusted, by treating trust"
ALERT, POTENTIAL = "alert", "potential outlier"
# The states of a trust that could be compared.
ASSESSED = ("within", ALERT, POTENTIAL)
EVERYBODY = "everybody in the cohort"
NATIONS = ("England", "Wales")
NO_PERIOD = "no whole period yet"
_PERIOD_KINDS = (AUDIT_PERIOD, ROLLING)
Row = Mapping[str, Any]


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as dictionaries."""
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


@dataclass(frozen=True)
class Unit:
    """A nation, Alliance or trust as an output names it."""

    level: str
    code: str
    name: str
    alliance: str | None
    nation: str


class Reading:
    """The released tables of one release, with the look-ups of its outputs."""

    def __init__(self, tables: ReleasedTables) -> None:
        self._tables = tables
        self._frames: dict[str, pd.DataFrame] = {}

    def frame(self, name: str) -> pd.DataFrame:
        """A released table, read once."""
        if name not in self._frames:
            self._frames[name] = self._tables.frame(name)
        return self._frames[name]

    @cached_property
    def about(self) -> About:
        """What the release says about itself."""
        return About.of(self._tables)

    @property
    def facts(self) -> Mapping[str, str]:
        """Name and value of every fact about the release."""
        return self.about.facts

    @cached_property
    def definitions(self) -> dict[str, dict[str, Any]]:
        """Indicator to its row of definitions, in the order of the registry."""
        return {
            str(r["indicator"]): r
            for r in rows_of(self.frame("released_definitions").sort_values("position"))
        }

    @cached_property
    def newest(self) -> pd.DataFrame:
        """The values of each indicator in its period, all levels and subgroups; the audit periods first."""
        values = self.frame("released_indicators")
        ranked = values.assign(
            kind_rank=values["period_kind"].map({k: n for n, k in enumerate(_PERIOD_KINDS)})
        )
        ranked = ranked[ranked["kind_rank"].notna()]
        ranked = ranked.sort_values(["kind_rank", "period_end"], ascending=[True, False], kind="stable")
        best = ranked.drop_duplicates("indicator")[["indicator", "period_kind", "period"]]
        return ranked.merge(best, on=["indicator", "period_kind", "period"]).drop(columns="kind_rank")

    @cached_property
    def period(self) -> str:
        """The period of most indicators, which an output names once for all: the audit period, if there is one."""
        return str(self.newest["period"].iloc[0]) if len(self.newest) else NO_PERIOD

    @cached_property
    def _periods(self) -> dict[str, str]:
        return dict(self.newest[["indicator", "period"]].drop_duplicates().itertuples(index=False))

    def aside(self, indicator: str) -> str:
        """The period of an indicator where it is not that of most: `, people diagnosed in 2022`."""
        period = self._periods.get(indicator, self.period)
        return "" if period == self.period else f", people diagnosed in {period}"

    def only(self, row: Row) -> str:
        """The nation of a value that stands for all though one of two nations alone has or shows it: `, England only`."""
        return f", {row['unit_code']} only" if row["level"] == NATION and len(self.nations) > 1 else ""

    def place(self, row: Row) -> str:
        """Where the people of a value that stands for all live: all nations, or the one that alone has or shows it."""
        return str(row["unit_code"]) if self.only(row) else self.whole_name

    def whole_aside(self, row: Row) -> str:
        """What is different about a value that stands for all: its nation, its period, or nothing."""
        return self.only(row) + self.aside(str(row["indicator"]))

    @cached_property
    def units(self) -> dict[str, list[Unit]]:
        """Level to its units with a row, shown or hidden, by name."""
        values = self.frame("released_indicators")
        values = values[values["subgroup"] == "all"]
        return {level: _units(values, level) for level in LEVELS}

    @property
    def trusts(self) -> list[Unit]:
        """Every trust with a row, shown or hidden, by name."""
        return self.units[TRUST]

    @property
    def nations(self) -> tuple[str, ...]:
        """The nations with values, England first."""
        return tuple(unit.code for unit in self.units[NATION])

    @property
    def whole_name(self) -> str:
        """The release's area in words: `England`, or `England and Wales`."""
        return " and ".join(self.nations) or "no nation"

    @property
    def compared_with(self) -> str:
        """What trusts are compared with, in words: all trusts of both nations together, unless one alone has the measure."""
        one = ", or of the nation that has the measure" if len(self.nations) > 1 else ""
        return f"all trusts of {self.whole_name} together{one}"

    @cached_property
    def _rows(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        everybody = self.newest[self.newest["subgroup"] == "all"]
        return {(r["indicator"], r["level"], r["unit_code"]): r for r in rows_of(everybody)}

    def row(self, indicator: str, unit: Unit | None) -> Row | None:
        """The value of an indicator for a unit; None where the release has no row."""
        return None if unit is None else self._rows.get((indicator, unit.level, unit.code))

    @cached_property
    def whole(self) -> dict[tuple[str, str], dict[str, Any]]:
        """(indicator, subgroup) to the value that stands for all: of both nations, or of the first that has it."""
        levels = {level: place for place, level in enumerate((BOTH, NATION))}
        rows = self.newest.assign(level_rank=self.newest["level"].map(levels)).dropna(subset="level_rank")
        rows = rows.sort_values(["indicator", "subgroup", "level_rank", "unit_code"])
        rows = rows.drop_duplicates(["indicator", "subgroup"]).drop(columns="level_rank")
        return {(str(r["indicator"]), str(r["subgroup"])): r for r in rows_of(rows)}

    def shown(self, indicator: str, subgroup: str = "all") -> dict[str, Any] | None:
        """The value that stands for all where its proportion is shown. Of everybody it is that of the first nation which shows
        one, where that of both is hidden to protect a few people of the other."""
        rows = [self.whole.get((indicator, subgroup))]
        if subgroup == "all":
            rows += [self._rows.get((indicator, NATION, nation)) for nation in self.nations]
        return next((r for r in rows if r is not None and not numbers.missing(r["proportion"])), None)

    def beside(self, indicator: str, row: Row) -> Row | None:
        """The shown value of another indicator for the same nation, or for both."""
        other = self._rows.get((indicator, str(row["level"]), str(row["unit_code"])))
        return None if other is None or numbers.missing(other["proportion"]) else other

    @cached_property
    def cohort(self) -> Row | None:
        """A value of the period of most whose denominator is everybody in the cohort: of both nations, or of the first that shows
        one."""
        names = [name for name, row in self.definitions.items() if row["denominator_text"] == EVERYBODY]
        places = [(BOTH, self.whole_name), *((NATION, nation) for nation in self.nations)]
        for place in places:
            rows = [row for name in names if (row := self._rows.get((name, *place))) is not None]
            shown = [r for r in rows if r["period"] == self.period and not numbers.missing(r["denominator"])]
            if shown:
                return max(shown, key=lambda row: int(row["denominator"]))
        return None

    def indicators(self, kind: str) -> list[str]:
        """The indicators of a kind, without variants, in the order of the registry."""
        return [
            name
            for name, row in self.definitions.items()
            if row["kind"] == kind and numbers.missing(row["variant_of"])
        ]

    def title(self, indicator: str) -> str:
        """The title of an indicator; an experimental one says so."""
        row = self.definitions[indicator]
        return f"{row['title']} (experimental)" if row["status"] == "experimental" else str(row["title"])

    def state(self, indicator: str) -> str:
        """Why an indicator has no number, as a sentence."""
        counted = (indicator, "all") in self.whole
        return wording.state(self.definitions[indicator], has_values=counted) or "Hidden to protect people."

    def alliance_of(self, unit: Unit) -> Unit | None:
        """The Alliance of a trust, if it has one with rows."""
        return next((u for u in self.units[ALLIANCE] if u.code == unit.alliance), None)

    def nation_of(self, unit: Unit) -> Unit | None:
        """The nation of a unit."""
        return next((u for u in self.units[NATION] if u.code == unit.nation), None)

    def judged_by(self, indicator: str) -> str:
        """The comparison that counts: an indicator whose definition asks for risk adjustment is never judged by its unadjusted
        position."""
        return judged_by(self.definitions[indicator])

    def not_judged(self, indicator: str, comparison: str) -> str:
        """Why nobody is judged by a comparison of an indicator, or nothing where it is the one that counts."""
        return not_judged(
            self.definitions.get(indicator), comparison, adjusted=(indicator, ADJUSTED) in self._kinds
        )

    @cached_property
    def _kinds(self) -> set[tuple[str, str]]:
        pairs = self.frame("released_comparison")[["indicator", "comparison"]].drop_duplicates()
        return set(pairs.itertuples(index=False, name=None))

    def comparator(self, indicator: str) -> str:
        """What trusts are compared with: all trusts of the nations that have the indicator, pooled."""
        return comparator(self.definitions.get(indicator)) or self.whole_name

    @cached_property
    def reported(self) -> str:
        """The quarters of diagnosis whose people are in the release, `2020 to 2023`: all that survival curves follow."""
        return reported_span(parse_period(self.facts["feed"], self.facts["period"]))

    @cached_property
    def _comparisons(self) -> dict[tuple[str, str], Row]:
        return formal_comparisons(self.frame("released_comparison"), self.definitions)

    @cached_property
    def _unadjusted(self) -> set[tuple[str, str]]:
        table = self.frame("released_comparison")
        of = table.loc[table["comparison"] == UNADJUSTED, ["indicator", "trust_code"]]
        return set(of.itertuples(index=False, name=None))

    def only_unadjusted(self, indicator: str, unit: Unit) -> bool:
        """Whether a trust is compared by an indicator, but in no comparison that counts."""
        key = (indicator, unit.code)
        return key in self._unadjusted and key not in self._comparisons

    def comparison(self, indicator: str, unit: Unit) -> Row | None:
        """The comparison that counts for a trust: risk adjusted where the indicator asks for it, else unadjusted."""
        return self._comparisons.get((indicator, unit.code))

    @cached_property
    def _not_known(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in rows_of(self.frame("released_not_known").sort_values(["indicator", "nation"])):
            found.setdefault(str(row["indicator"]), []).append(row)
        return found

    def not_known(self, indicator: str) -> list[Row]:
        """Per nation, how many people the denominator lacks because what decides is not known."""
        return self._not_known.get(indicator, [])

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
            numbers.text(r.unit_name) or str(r.unit_code),
            numbers.text(r.alliance_code) or None,
            numbers.text(r.nation),
        )
        for r in of.itertuples(index=False)
    ]


def judged_by(definition: Mapping[str, Any]) -> str:
    """The comparison that counts for an indicator."""
    return UNADJUSTED if definition["risk_adjustment"] in (None, "none") else ADJUSTED


def not_judged(definition: Mapping[str, Any] | None, comparison: str, *, adjusted: bool) -> str:
    """Why nobody is judged by a comparison of an indicator, or nothing where it is the one that counts; `adjusted`: whether
    the release has a risk-adjusted one."""
    if definition is None:
        return "not judged: not defined in this release"
    if not numbers.missing(definition["variant_of"]):
        return f"not judged: a variant of {definition['variant_of']}"
    if comparison == judged_by(definition):
        return ""
    if comparison == UNADJUSTED:
        return (
            "not judged: the risk-adjusted result counts"
            if adjusted
            else "not judged: not adjusted in this release"
        )
    return f"not judged: {comparison}"


def comparator(definition: Mapping[str, Any] | None) -> str:
    """The nations whose trusts are compared with each other by an indicator, in words; nothing where no nation has it."""
    nations = "" if definition is None else numbers.text(definition["nations"])
    return nations.replace(", ", " and ")


def formal_comparisons(
    comparison: pd.DataFrame, definitions: Mapping[str, Mapping[str, Any]]
) -> dict[tuple[str, str], Row]:
    """By indicator and trust the comparison that counts; nobody is judged twice by a variant of an indicator."""
    found = {}
    for row in rows_of(comparison):
        name = str(row["indicator"])
        definition = definitions.get(name)
        if definition is None or not numbers.missing(definition["variant_of"]):
            continue
        if row["comparison"] == judged_by(definition):
            found[name, str(row["trust_code"])] = row
    return found
