"""Which trusts' results lie beyond the limits, in which direction, and what is done about it by when.

What belongs here: the flags among given comparisons, and the public page of those that a release shows. What does not: the
limits themselves (`naome_pipeline/statistics/funnel.py`), letters and register, which are confidential and speak of hidden
results too (`naome_pipeline/confidential/`), the dates (`outlier_timetable.py`).

The page names no trust whose comparison is hidden or not assessed, and says how many those are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naome_pipeline.reports import numbers
from naome_pipeline.reports.outlier_timetable import load_timetable
from naome_pipeline.reports.pages import render_page
from naome_pipeline.reports.reading import (
    ADJUSTED,
    ALERT,
    ASSESSED,
    POTENTIAL,
    TRUST,
    Reading,
    Row,
    Unit,
    comparator,
)
from naome_pipeline.reports.released import ReleasedTables
from naome_pipeline.reports.standing import (
    BETTER,
    HIDDEN_STATE,
    WORSE,
    not_adjusted_words,
    standing,
    without_adjustment,
)

FOLDER = "outliers"
PAGE_FILE = f"{FOLDER}/outlier_pack.html"
STATES = (POTENTIAL, ALERT)
# What stands for the wider limits where there are none: rare events keep their exact limits.
EXACT_LIMITS = "exact limits only"
# What chance alone puts beyond the limits, both sides together, of so many comparisons (specification, section 5).
_BY_CHANCE = {ALERT: 0.05, POTENTIAL: 0.002}


@dataclass(frozen=True)
class Flag:
    """One result of one trust beyond the limits, with its numbers as they are shown; `published`: whether the release shows
    it."""

    trust: Unit
    indicator: str
    title: str
    comparison: str
    period: str
    result: str
    national: str
    people: str
    state: str
    direction: str
    wide_state: str
    compared_with: str
    published: bool = True

    @property
    def better(self) -> bool:
        """Whether the result is better than that of all trusts."""
        return self.direction == BETTER

    @property
    def beside(self) -> str:
        """The value of all trusts compared, with their nations: `61.4% (England and Wales)`."""
        return f"{self.national} ({self.compared_with})" if self.compared_with else self.national


@dataclass(frozen=True)
class Tally:
    """How the trusts stand in one indicator."""

    indicator: str
    title: str
    comparison: str
    within: int
    alerts: int
    potential: int
    hidden: int
    not_assessed: int


def flags_of(reading: Reading) -> list[Flag]:
    """Every flag that a release shows, of the comparisons that count."""
    return flags_among(reading.compared, reading.definitions, {unit.code: unit for unit in reading.trusts})


def flags_among(rows: Iterable[Row], definitions: Mapping[str, Row], units: Mapping[str, Unit]) -> list[Flag]:
    """Every flag of some comparisons: potential outliers first, then in the order given."""
    found = []
    for row in rows:
        if row["state"] not in STATES:
            continue
        code = str(row["trust_code"])
        unit = units.get(code) or Unit(TRUST, code, numbers.text(row["unit_name"]) or code, None, "")
        found.append(_flag(unit, row, definitions[str(row["indicator"])]))
    return sorted(found, key=lambda flag: STATES.index(flag.state))


def _flag(unit: Unit, row: Row, definition: Row) -> Flag:
    ratio = row["comparison"] == ADJUSTED
    people = f"{numbers.count(row['numerator'])} of {numbers.count(row['denominator'])}"
    if ratio:
        people += f", {float(row['expected']):.1f} expected"
    return Flag(
        trust=unit,
        indicator=str(row["indicator"]),
        title=str(definition["title"]),
        comparison=str(row["comparison"]),
        period=str(row["period"]),
        result=compared_value(row["value"], ratio=ratio),
        national=compared_value(row["target"], ratio=ratio),
        people=people,
        state=str(row["state"]),
        direction=numbers.text(row["direction"]),
        wide_state=numbers.text(row["overdispersed_state"]) or EXACT_LIMITS,
        compared_with=comparator(definition),
        published=not row["suppressed"],
    )


def compared_value(value: Any, *, ratio: bool) -> str:
    """A position of a funnel as text: a percentage, or `1.23 times as expected`."""
    return f"{float(value):.2f} times as expected" if ratio else numbers.percent(value)


def tallies(reading: Reading) -> list[Tally]:
    """How many trusts are where, per indicator. Hidden and not assessed ones are counted together: which is which is not
    said."""
    found: dict[str, list[Row]] = {}
    for row in reading.compared:
        found.setdefault(str(row["indicator"]), []).append(row)
    return [
        Tally(
            name,
            str(reading.definitions[name]["title"]),
            str(rows[0]["comparison"]),
            within=sum(row["state"] == "within" for row in rows),
            alerts=sum(row["state"] == ALERT for row in rows),
            potential=sum(row["state"] == POTENTIAL for row in rows),
            hidden=sum(row["state"] == HIDDEN_STATE for row in rows),
            not_assessed=sum(row["state"] not in (*ASSESSED, HIDDEN_STATE) for row in rows),
        )
        for name, rows in found.items()
    ]


def write_outlier_pack(tables: ReleasedTables, folder: Path) -> None:
    """Write `outliers/`: the page that lists the states a release shows, and the timetable."""
    reading, timetable = Reading(tables), load_timetable()
    about = reading.about
    flags, dates = flags_of(reading), timetable.dates(about.snapshot)
    (folder / FOLDER).mkdir()
    stood = standing(reading.compared)
    groups = {
        "Results to look into": [f for f in flags if f.direction == WORSE],
        "Results better than expected": [f for f in flags if f.better],
        "Results higher or lower, where neither is better": [
            f for f in flags if f.direction not in (WORSE, BETTER)
        ],
    }
    page = render_page(
        "outlier_pack.html.jinja",
        about,
        f"Outlier pack, {about.period}",
        period=reading.period,
        compared_with=reading.compared_with,
        groups=groups,
        tallies=tallies(reading),
        standing=stood,
        unadjusted=not_adjusted_words(without_adjustment(reading)),
        by_chance={state: _about(share * stood.shown) for state, share in _BY_CHANCE.items()},
        stages=timetable.stages,
        dates=dates,
    )
    (folder / PAGE_FILE).write_text(page, encoding="utf-8")


def _about(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.1f}"
