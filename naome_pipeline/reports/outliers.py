"""Which trusts' results lie beyond the limits, in which direction, and what is done about it by when.

What belongs here: the flags of a release, taken from released comparisons, and the page that lists them. What does not: the
limits themselves (`naome_pipeline/statistics/funnel.py`), the letters (`outlier_letters.py`), the dates
(`outlier_timetable.py`).

Nothing is said of a trust whose comparison is hidden or not assessed, not even that it has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naome_pipeline.reports import numbers
from naome_pipeline.reports.about import AUDIT_NAME, NOT_NHS, About
from naome_pipeline.reports.accessible_workbook import Sheet, write_accessible_workbook
from naome_pipeline.reports.outlier_letters import write_letters
from naome_pipeline.reports.outlier_timetable import Timetable, load_timetable
from naome_pipeline.reports.pages import render_page
from naome_pipeline.reports.reading import ADJUSTED, ALERT, POTENTIAL, TRUST, Reading, Row, Unit
from naome_pipeline.reports.released import ReleasedTables

FOLDER = "outliers"
PAGE_FILE = f"{FOLDER}/outlier_pack.html"
REGISTER_FILE = f"{FOLDER}/register_of_responses.xlsx"
STATES = (POTENTIAL, ALERT)
BETTER = "better"
# What stands for the wider limits where there are none: rare events keep their exact limits.
EXACT_LIMITS = "exact limits only"
# What chance alone puts beyond the limits, both sides together, of so many comparisons (specification, section 5).
_BY_CHANCE = {ALERT: 0.05, POTENTIAL: 0.002}
_ANSWERS = [
    "Date of answer",
    "Were records wrong?",
    "What explains the result",
    "What will be done, by whom, by when",
    "Result still stands?",
]


@dataclass(frozen=True)
class Flag:
    """One result of one trust beyond the limits, with its released numbers as they are shown."""

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

    @property
    def better(self) -> bool:
        """Whether the result is better than that of the nation."""
        return self.direction == BETTER


@dataclass(frozen=True)
class Tally:
    """How the trusts stand in one indicator."""

    indicator: str
    title: str
    comparison: str
    within: int
    alerts: int
    potential: int
    not_shown: int


def flags_of(reading: Reading) -> list[Flag]:
    """Every flag of the comparisons that count: potential outliers first, then by indicator and trust."""
    units = {unit.code: unit for unit in reading.trusts}
    found = []
    for row in reading.compared:
        if row["state"] not in STATES or row["suppressed"]:
            continue
        code = str(row["trust_code"])
        unit = units.get(code) or Unit(TRUST, code, numbers.text(row["unit_name"]) or code, None, "")
        found.append(_flag(unit, row, str(reading.definitions[str(row["indicator"])]["title"])))
    return sorted(found, key=lambda flag: STATES.index(flag.state))


def _flag(unit: Unit, row: Row, title: str) -> Flag:
    ratio = row["comparison"] == ADJUSTED
    people = f"{numbers.count(row['numerator'])} of {numbers.count(row['denominator'])}"
    if ratio:
        people += f", {float(row['expected']):.1f} expected"
    return Flag(
        trust=unit,
        indicator=str(row["indicator"]),
        title=title,
        comparison=str(row["comparison"]),
        period=str(row["period"]),
        result=compared_value(row["value"], ratio=ratio),
        national=compared_value(row["target"], ratio=ratio),
        people=people,
        state=str(row["state"]),
        direction=numbers.text(row["direction"]),
        wide_state=numbers.text(row["overdispersed_state"]) or EXACT_LIMITS,
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
            not_shown=sum(row["state"] not in ("within", *STATES) for row in rows),
        )
        for name, rows in found.items()
    ]


def write_outlier_pack(tables: ReleasedTables, folder: Path) -> None:
    """Write `outliers/`: the page that lists the states, a register of responses, and a letter per trust and stage."""
    reading, timetable = Reading(tables), load_timetable()
    about = reading.about
    flags, dates = flags_of(reading), timetable.dates(about.snapshot)
    (folder / FOLDER).mkdir()
    letters = write_letters(folder / FOLDER / "letters", flags, timetable, about)
    counted = tallies(reading)
    judged = sum(t.within + t.alerts + t.potential for t in counted)
    groups = {
        "Results to look into": [f for f in flags if f.direction == "worse"],
        "Results better than expected": [f for f in flags if f.better],
        "Results higher or lower, where neither is better": [
            f for f in flags if f.direction not in ("worse", BETTER)
        ],
    }
    page = render_page(
        "outlier_pack.html.jinja",
        about,
        f"Outlier pack, {about.period}",
        period=reading.period,
        groups=groups,
        tallies=counted,
        judged=judged,
        by_chance={state: _about(share * judged) for state, share in _BY_CHANCE.items()},
        stages=timetable.stages,
        dates=dates,
        letters=letters,
    )
    (folder / PAGE_FILE).write_text(page, encoding="utf-8")
    _write_register(folder / REGISTER_FILE, flags, timetable, about)


def _about(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.1f}"


def _write_register(path: Path, flags: Sequence[Flag], timetable: Timetable, about: About) -> None:
    import pandas as pd

    dates = timetable.dates(about.snapshot)
    due = {
        f"{stage.id.capitalize()} by": dates[stage.id].isoformat()
        for stage in timetable.stages
        if stage.id != "results"
    }
    rows = [
        {
            "Trust code": flag.trust.code,
            "Trust": flag.trust.name,
            "Indicator": flag.indicator,
            "Title": flag.title,
            "Result": flag.result,
            "National": flag.national,
            "People": flag.people,
            "State": flag.state,
            "Direction": flag.direction,
            "State under the wider limits": flag.wide_state,
            **due,
            **dict.fromkeys(_ANSWERS, ""),
        }
        for flag in flags
    ]
    columns = [
        "Trust code", "Trust", "Indicator", "Title", "Result", "National", "People", "State", "Direction",
        "State under the wider limits", *due, *_ANSWERS,
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=pd.Index(columns))
    write_accessible_workbook(
        path,
        f"{AUDIT_NAME}: register of responses, {about.period}",
        [
            "One row for each result beyond the limits. The audit team fills in the last five columns as trusts answer.",
            NOT_NHS,
        ],
        {
            "Register": Sheet(
                "Register of responses $$limits$$",
                "This worksheet contains one table. Blank cells are to be filled in.",
                frame,
                {},
                fill_in=_ANSWERS if rows else (),
            )
        },
        {
            "limits": "Alert: beyond the 95% limits. Potential outlier: beyond the 99.8% limits. A result beyond the limits is a "
            "reason to look, not a judgement."
        },
        about,
    )
