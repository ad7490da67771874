"""The data viewer: the released numbers as an accessible workbook that people read and filter.

What belongs here: which released tables become which sheets, their titles and headings. What does not: how a workbook is
written (`accessible_workbook.py`), tables for machines (`open_data.py`, which has every row of everything).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from naome_pipeline.indicators.definitions import SURVIVAL_RESTS_ON, TREATMENT_RESTS_ON
from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.about import AUDIT_NAME
from naome_pipeline.reports.accessible_workbook import PERCENT, Sheet, write_accessible_workbook
from naome_pipeline.reports.open_data import FILES
from naome_pipeline.reports.reading import ALLIANCE, BOTH, NATION, TRUST, Reading
from naome_pipeline.reports.released import ReleasedTables
from naome_pipeline.reports.standing import EXACT_TAIL
from naome_pipeline.reports.values import HIDDEN_SHORT, NOT_GIVEN

WORKBOOK_FILE = "data_viewer.xlsx"
NOT_ASSESSED = "not assessed"
NOTES = {
    "hidden": "“hidden” stands where a number is not shown, to protect people. Which numbers were hidden for which reason is "
    "not said. Percentages and intervals are given only where both counts are shown.",
    "share": "Percentages are shares of the people counted. The cells hold a number from 0 to 1 and show it as a percentage.",
    "interval": "Lower and upper are the ends of the 95% interval.",
    "documented": "“Documented” is not “done”: a meeting or a nurse contact without a record counts as not documented.",
    "experimental": "Experimental: the method is being tested, and the numbers may change with it.",
    "limits": "Limits show how far results spread by chance. Alert: beyond the 95% limits. Potential outlier: beyond the 99.8% "
    "limits. The wider limits allow for variation that all trusts share. Not assessed: too few people to judge. "
    + EXACT_TAIL,
    "adjusted": "Risk adjusted: people who met the criterion, divided by how many were expected from the age, health and disease "
    "of the trust's own patients; 1 means as expected.",
}
# Too long to read: every row of them is in the CSV file of the same release.
ELSEWHERE = {"released_indicators", "released_series", "revisions"}
RESTS_ON = {
    "released_survival": SURVIVAL_RESTS_ON,
    "released_treatment_incidence": TREATMENT_RESTS_ON,
}
HEADINGS = {
    "unit_code": "Code",
    "unit_name": "Name",
    "trust_code": "Trust code",
    "p": "p value",
    "lower": "Lower",
    "upper": "Upper",
    "not_in": "Not available in",
}
_SHARES = ("Share", "Lower", "Upper")
_VALUE_COLUMNS = [
    "Indicator",
    "Title",
    "Kind",
    "Status",
    "Diagnosed in",
    "People counted",
    "People who meet it",
    *_SHARES,
]
_PLACE = {
    NATION: ["Nation"],
    ALLIANCE: ["Nation", "Alliance code", "Alliance"],
    TRUST: ["Nation", "Alliance", "Trust code", "Trust"],
}


def write_data_workbook(tables: ReleasedTables, folder: Path) -> None:
    """Write `data_viewer.xlsx` into a folder."""
    reading = Reading(tables)
    about, values = reading.about, _newest_values(reading)
    everybody = values[values["subgroup"] == "all"]
    sheets = {
        "Nations": _shares(everybody, reading, NATION, "Each indicator in each nation"),
        "Alliances": _shares(everybody, reading, ALLIANCE, "Each indicator in each Cancer Alliance"),
        "Trusts": _shares(everybody, reading, TRUST, "Each indicator in each trust or health board"),
        "Subgroups": _subgroups(values[values["subgroup"] != "all"], reading),
        "Days": _days(everybody, reading),
        "Quarters": _quarters(reading),
        "Comparison of trusts": _comparison(reading),
    }
    for name in tables.names():
        if name not in ELSEWHERE and name != "released_comparison":
            why = wording.why_missing(reading.definitions, RESTS_ON.get(name, ()))
            sheets[_label(name)] = _whole(tables.frame(name), _label(name), why)
    write_accessible_workbook(
        folder / WORKBOOK_FILE,
        f"{AUDIT_NAME}: data viewer, {about.period}",
        [
            f"The released numbers of {reading.whole_name}, people diagnosed in {reading.period} unless a row names another "
            "period.",
            "Each sheet holds one table; the contents list them. Cells that would be empty say why in words.",
            about.policy,
        ],
        sheets,
        NOTES,
        about,
    )


def _newest_values(reading: Reading) -> Any:
    values: Any = reading.newest
    order = {name: place for place, name in enumerate(reading.definitions)}
    return values.assign(place=values["indicator"].map(order)).sort_values(
        ["place", "nation", "unit_name", "unit_code", "subgroup"], na_position="last", ignore_index=True
    )


def _hidden(column: pd.Series) -> list[Any]:
    return [HIDDEN_SHORT if numbers.missing(value) else value for value in column]


def _valued(values: Any, reading: Reading) -> pd.DataFrame:
    """The columns of a proportion, hidden cells in words."""
    definitions = [reading.definitions[name] for name in values["indicator"]]
    return pd.DataFrame(
        {
            "Indicator": values["indicator"].to_numpy(),
            "Title": [d["title"] for d in definitions],
            "Kind": [d["kind"] for d in definitions],
            "Status": [d["status"] for d in definitions],
            "Diagnosed in": values["period"].to_numpy(),
            "People counted": _hidden(values["denominator"]),
            "People who meet it": _hidden(values["numerator"]),
            "Share": _hidden(values["proportion"]),
            "Lower": _hidden(values["lower"]),
            "Upper": _hidden(values["upper"]),
        },
        columns=pd.Index(_VALUE_COLUMNS),
    )


def _placed(values: Any, reading: Reading, level: str) -> pd.DataFrame:
    names = {unit.code: unit.name for unit in reading.units[ALLIANCE]}
    own = [
        code if numbers.missing(name) else name
        for code, name in zip(values["unit_code"], values["unit_name"], strict=True)
    ]
    everything = {
        "Nation": own if level == NATION else values["nation"].to_numpy(),
        "Alliance code": values["unit_code"].to_numpy(),
        "Trust code": values["unit_code"].to_numpy(),
        "Trust": own,
        "Alliance": own if level == ALLIANCE else [_name(code, names) for code in values["alliance_code"]],
    }
    return pd.DataFrame({name: everything[name] for name in _PLACE[level]})


def _name(code: Any, names: dict[str, str]) -> str:
    return "no Alliance" if numbers.missing(code) else names.get(code, str(code))


def _proportions(values: Any, reading: Reading) -> Any:
    keep = [reading.definitions[name]["measure"] == "proportion" for name in values["indicator"]]
    return values[pd.Series(keep, index=values.index, dtype=bool)]


def _shares(values: Any, reading: Reading, level: str, title: str) -> Sheet:
    levels = [BOTH, NATION] if level == NATION else [level]
    rows = _proportions(values[values["level"].isin(levels)], reading)
    frame = pd.concat([_valued(rows, reading), _placed(rows, reading, level)], axis=1)
    frame = frame[["Indicator", "Title", *_PLACE[level], *_VALUE_COLUMNS[2:]]]
    return Sheet(
        f"{title} $$hidden$$$$share$$$$interval$$$$documented$$$$experimental$$",
        "This worksheet contains one table. Each row is one indicator in one place.",
        frame,
        _formats(frame, _SHARES, ["People counted", "People who meet it"]),
    )


def _subgroups(values: Any, reading: Reading) -> Sheet:
    rows = _proportions(values, reading)
    valued = _valued(rows, reading)
    valued.insert(2, "Group", [wording.subgroup(name) for name in rows["subgroup"]])
    valued.insert(2, "Name", [str(name) for name in rows["unit_name"].fillna(rows["unit_code"])])
    valued.insert(2, "Level", rows["level"].str.replace("_", " ").to_numpy())
    return Sheet(
        "Groups of people within nations and Alliances $$hidden$$$$share$$$$interval$$",
        "This worksheet contains one table. Each row is one indicator in one group of people in one place.",
        valued,
        _formats(valued, _SHARES, ["People counted", "People who meet it"]),
    )


def _days(values: Any, reading: Reading) -> Sheet:
    keep = [reading.definitions[name]["measure"] == "days" for name in values["indicator"]]
    rows = values[pd.Series(keep, index=values.index, dtype=bool)]
    frame = pd.DataFrame(
        {
            "Indicator": rows["indicator"].to_numpy(),
            "Title": [reading.definitions[name]["title"] for name in rows["indicator"]],
            "Level": rows["level"].str.replace("_", " ").to_numpy(),
            "Code": rows["unit_code"].to_numpy(),
            "Name": rows["unit_name"].fillna(rows["unit_code"]).to_numpy(),
            "Diagnosed in": rows["period"].to_numpy(),
            "People counted": _hidden(rows["denominator"]),
            "Median, days": _hidden(rows["median_days"]),
            "Lower quartile, days": _hidden(rows["lower_quartile_days"]),
            "Upper quartile, days": _hidden(rows["upper_quartile_days"]),
        }
    )
    return Sheet(
        "Indicators measured in days $$hidden$$",
        "This worksheet contains one table. Half of the people waited no longer than the median; a quarter no longer than "
        "the lower quartile, three quarters no longer than the upper one.",
        frame,
        _formats(frame, (), ["People counted"]),
    )


def _quarters(reading: Reading) -> Sheet:
    values: Any = reading.frame("released_indicators")
    values = values[
        (values["period_kind"] == "quarter")
        & values["level"].isin([BOTH, NATION])
        & (values["subgroup"] == "all")
    ]
    rows = _proportions(
        values.sort_values(["indicator", "unit_code", "period_end"], ignore_index=True), reading
    )
    frame = _valued(rows, reading)
    frame.insert(2, "Quarter of diagnosis", frame.pop("Diagnosed in"))
    frame.insert(2, "Nation", rows["unit_name"].fillna(rows["unit_code"]).to_numpy())
    return Sheet(
        "Each indicator by quarter of diagnosis in each nation $$share$$$$interval$$$$experimental$$",
        "This worksheet contains one table. A quarter has a row once its whole follow-up has passed.",
        frame,
        _formats(frame, _SHARES, ["People counted", "People who meet it"]),
    )


def _comparison(reading: Reading) -> Sheet:
    rows = reading.frame("released_comparison").sort_values(["indicator", "comparison", "trust_code"])
    unseen = [
        HIDDEN_SHORT if said else NOT_ASSESSED if state == "not assessed" else None
        for said, state in zip(rows["suppressed"], rows["state"], strict=True)
    ]

    def told(column: str) -> list[Any]:
        return [
            (why or NOT_GIVEN) if numbers.missing(value) or value == "" else value
            for value, why in zip(rows[column], unseen, strict=True)
        ]

    titles = {name: d["title"] for name, d in reading.definitions.items()}
    direction = [value or "neither" for value in rows["direction"].fillna("")]
    frame = pd.DataFrame(
        {
            "Indicator": rows["indicator"].to_numpy(),
            "Title": [titles.get(str(name), str(name)) for name in rows["indicator"]],
            "Comparison": rows["comparison"].to_numpy(),
            "Period": rows["period"].to_numpy(),
            "Trust code": rows["trust_code"].to_numpy(),
            "Trust": told("unit_name"),
            "People counted": told("denominator"),
            "People who meet it": told("numerator"),
            "Expected": told("expected"),
            "Result": told("value"),
            "All trusts": told("target"),
            "State": told("state"),
            "Direction": direction,
            "Judged by": [
                "no" if reading.not_judged(str(name), str(kind)) else "yes"
                for name, kind in zip(rows["indicator"], rows["comparison"], strict=True)
            ],
            "State under the wider limits": told("overdispersed_state"),
            "Why not assessed": [value or "assessed" for value in rows["reason"].fillna("")],
        }
    )
    frame.loc[frame["State"] == HIDDEN_SHORT, "Why not assessed"] = HIDDEN_SHORT
    return Sheet(
        "How each trust compares with all trusts together $$hidden$$$$limits$$$$adjusted$$",
        f"This worksheet contains one table. Each trust is compared with {reading.compared_with}. "
        "The value of all trusts and the result are shares from 0 to 1, or, where the comparison is risk adjusted, ratios to "
        "what was expected.",
        frame,
        {"Result": "0.000", "All trusts": "0.000", "Expected": "0.0"}
        | dict.fromkeys(["People counted", "People who meet it"], "#,##0"),
    )


def _label(name: str) -> str:
    file = FILES.get(name, name.removeprefix("released_") + ".csv")
    return file.removesuffix(".csv").replace("_", " ").capitalize()[:31]


def _whole(frame: pd.DataFrame, label: str, why: Sequence[str]) -> Sheet:
    """A released table as it is, with headings for people. `why`: why it is empty, or has nothing of one nation."""
    place = next((c for c in ("position", "step") if c in frame.columns), None)
    frame = frame.sort_values(place, ignore_index=True) if place else frame
    headings = {c: HEADINGS.get(c, c.replace("_", " ").capitalize()) for c in frame.columns}
    plain = frame.rename(columns=headings)
    decimals = {headings[c]: "0.000" for c in frame.columns if frame[c].dtype.kind == "f"}
    whole = {headings[c]: "#,##0" for c in frame.columns if str(frame[c].dtype).lower().startswith("int")}
    years = [headings[c] for c in frame.columns if c in {"year", "step", "position", "goal"}]
    return Sheet(
        f"{label} $$interval$$" if "lower" in frame.columns else label,
        " ".join(
            [
                "This worksheet contains one table. Shares are from 0 to 1; “not given” stands where a row has no such value.",
                *why,
            ]
        ),
        plain,
        decimals | {c: code for c, code in whole.items() if c not in years},
    )


def _formats(frame: pd.DataFrame, shares: Sequence[str], counts: Sequence[str]) -> dict[str, str]:
    found = dict.fromkeys(shares, PERCENT) | dict.fromkeys(counts, "#,##0")
    return {name: code for name, code in found.items() if name in frame.columns}
