"""What documents about a release ask of its tables again and again: titles, national values, nations, facts.

What belongs here: looking released values up, each table read once, and saying them in the words all documents share.
What does not: what a document says about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import pandas as pd

from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.headline import (
    cohort_of,
    main_period,
    national_values,
    nations_of,
    newest_periods,
    other_period,
)
from naome_pipeline.reports.released import ReleasedTables

NATIONS = ("England", "Wales")
Row = Mapping[str, Any]


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as dictionaries."""
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


class Reading:
    """The released tables of one release, with the look-ups of its documents."""

    def __init__(self, tables: ReleasedTables) -> None:
        self.tables = tables
        self._frames: dict[str, pd.DataFrame] = {}

    def frame(self, name: str) -> pd.DataFrame:
        """A released table, read once."""
        if name not in self._frames:
            self._frames[name] = self.tables.frame(name)
        return self._frames[name]

    @cached_property
    def facts(self) -> dict[str, str]:
        """Name and value of every fact about the release."""
        table = self.frame("provenance")
        return dict(table.loc[table["kind"] == "release", ["item", "value"]].itertuples(index=False))

    @cached_property
    def definitions(self) -> dict[str, dict[str, Any]]:
        """Indicator to its row of definitions, in the order of the registry."""
        return {
            str(r["indicator"]): r
            for r in rows_of(self.frame("released_definitions").sort_values("position"))
        }

    @cached_property
    def newest(self) -> pd.DataFrame:
        """The indicator values of each indicator's newest period, all levels and subgroups."""
        return newest_periods(self.frame("released_indicators"))

    @cached_property
    def main_period(self) -> str:
        """The period of most indicators: named once, where another one is not named beside a value."""
        return main_period(self.newest)

    def only(self, row: Row) -> str:
        """The nation of a value that stands for the whole though one of two nations alone has it: `, England only`."""
        return f", {row['unit_code']} only" if row["level"] == "nation" and len(self.nations) > 1 else ""

    def aside(self, row: Row) -> str:
        """What is different about a value for the whole: its nation, its period (`, people diagnosed in 2022`), or nothing."""
        return self.only(row) + other_period(row["period"], self.main_period)

    @cached_property
    def whole(self) -> dict[tuple[str, str], dict[str, Any]]:
        """(indicator, subgroup) to its value for the whole of the release."""
        return {(str(r["indicator"]), str(r["subgroup"])): r for r in rows_of(national_values(self.tables))}

    @cached_property
    def of_nations(self) -> dict[tuple[str, str], dict[str, Any]]:
        """(indicator, nation) to its value for everybody."""
        table = self.newest[(self.newest["level"] == "nation") & (self.newest["subgroup"] == "all")]
        return {(str(r["indicator"]), str(r["unit_code"])): r for r in rows_of(table)}

    @cached_property
    def nations(self) -> tuple[str, ...]:
        """The nations with values."""
        return nations_of(self.tables)

    @cached_property
    def whole_name(self) -> str:
        """The release's area in words."""
        return " and ".join(self.nations) if self.nations else "no nation"

    def indicators(self, kind: str, variants: bool = False) -> list[str]:
        """The indicators of a kind in the order of the registry."""
        return [
            name
            for name, row in self.definitions.items()
            if row["kind"] == kind and (variants or numbers.missing(row["variant_of"]))
        ]

    def title(self, indicator: str) -> str:
        """The title of an indicator; an experimental one says so."""
        row = self.definitions[indicator]
        return f"{row['title']} (experimental)" if row["status"] == "experimental" else str(row["title"])

    def shown(self, indicator: str, subgroup: str = "all") -> dict[str, Any] | None:
        """The value for the whole of the release where its proportion is shown."""
        row = self.whole.get((indicator, subgroup))
        return None if row is None or numbers.missing(row["proportion"]) else row

    def state(self, indicator: str) -> str:
        """Why an indicator has no number, as a sentence."""
        row = self.definitions[indicator]
        return wording.state(row, False) or "Hidden to protect people."

    @cached_property
    def cohort(self) -> Row | None:
        """A row whose denominator is everybody in the cohort, of the period of most."""
        return cohort_of(self.whole.values(), self.definitions, self.main_period)

    @property
    def synthetic(self) -> bool:
        """Whether the release is of made-up data."""
        return self.facts.get("synthetic data") == "yes"

    @property
    def notices(self) -> tuple[str, ...]:
        """What every page of every document says."""
        said = []
        if self.synthetic:
            said.append("Made-up data: no number here says anything about real people or hospitals.")
        if self.facts.get("disclosure for publication") == "False":
            said.append("Internal use only: nothing is hidden, so this must not be published.")
        return (*said, "This is not an NHS service.")

    @property
    def source(self) -> tuple[tuple[str, str], ...]:
        """What the release was made from, for the head of a document."""
        facts = self.facts
        return (
            ("Release", f"{wording.feed(facts['feed'])}, {wording.period(facts['period'])}, version {facts['delivery version']}"),
            ("Data drawn on", facts["snapshot date"]),
            ("Made by", f"NAoMe pipeline {facts['pipeline version']}"),
        )  # fmt: skip


def said(row: Row) -> str:
    """`593 of 1,000 people, 59.3% (95% interval 56.2% to 62.3%)`."""
    return (
        f"{numbers.count(row['numerator'])} of {numbers.count(row['denominator'])} people, "
        f"{numbers.percent(row['proportion'])} (95% interval {numbers.percent_range(row['lower'], row['upper'])})"
    )


def value_cells(row: Row | None, hidden: str = "hidden") -> tuple[str, str, str]:
    """Counts, percentage and interval of a value as three cells of a table; a hidden one says so."""
    if row is None:
        return ("no value", numbers.NOTHING, numbers.NOTHING)
    if numbers.missing(row["proportion"]):
        bottom = "" if numbers.missing(row["denominator"]) else f", of {numbers.count(row['denominator'])}"
        return (hidden + bottom, numbers.NOTHING, numbers.NOTHING)
    counts = f"{numbers.count(row['numerator'])} of {numbers.count(row['denominator'])}"
    return (counts, numbers.percent(row["proportion"]), numbers.percent_range(row["lower"], row["upper"]))
