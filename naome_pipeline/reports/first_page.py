"""The first page: one self-contained HTML file per release, made from released tables alone.

What belongs here: choosing and arranging what is shown. What does not: computing any number (the tables have them) or
how numbers are written (`numbers.py`). Equal tables give equal bytes: no clock, everything sorted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from naome_pipeline.periods import parse_period
from naome_pipeline.reports import numbers
from naome_pipeline.reports.charts import Point, intervals, meter, trend
from naome_pipeline.reports.released import ReleasedTables

PAGE_FILE = "index.html"
TEMPLATES = Path(__file__).parent / "templates"
QUARTER, ROLLING = "quarter", "rolling four quarters"
KINDS = {
    "performance": "How care is measured",
    "data quality": "How complete the records are",
    "contextual": "Context",
}
LEVELS = {"nation": 0, "alliance": 1, "trust": 2}
MOST_REVISIONS = 200
# Written out, because the names that `calendar` and `strftime` give depend on the machine's language.
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def write_first_page(tables: ReleasedTables, folder: Path) -> None:
    """Write `index.html` into a folder."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": numbers.percent,
        "count": numbers.count,
        "days": numbers.days,
        "said": lambda value: "" if numbers.missing(value) else str(value),
    }
    environment.globals |= {
        "percent_range": numbers.percent_range,
        "missing": numbers.missing,
        "meter": meter,
    }
    page = environment.get_template("first_page.html.jinja").render(**page_content(tables))
    (folder / PAGE_FILE).write_text(page, encoding="utf-8")


def page_content(tables: ReleasedTables) -> dict[str, Any]:
    """Everything the template shows, as plain values."""
    provenance = tables.frame("provenance")
    release = _by_item(provenance, "release")
    rules = _by_item(provenance, "parameter")
    period = parse_period(release["feed"], release["period"])
    values = tables.frame("released_indicators")
    values = values[values["subgroup"] == "all"]
    definitions = tables.frame("released_definitions").sort_values("position")
    entries = [_entry(row, values) for row in definitions.to_dict("records")]
    revisions = _revisions(tables.frame("revisions"), values)
    target = float(rules["data_quality_target"])
    headline = [e for e in entries if e["kind"] == "performance" and not e["variant_of"]]
    return {
        "release": release,
        "period": period.label,
        "up_to": day(period.end),
        "snapshot": day(dt.date.fromisoformat(release["snapshot date"])),
        "corrected": int(release["delivery version"]) > 1,
        "nation": " and ".join(sorted(set(values.loc[values["level"] == "nation", "unit_code"]))),
        "synthetic": release.get("synthetic data") == "yes",
        "target": target,
        "target_text": numbers.whole_percent(target),
        "threshold": int(rules["suppression_threshold"]),
        "entries": entries,
        "kinds": [
            {"id": kind, "title": title, "entries": [e for e in entries if e["kind"] == kind]}
            for kind, title in KINDS.items()
        ],
        "headline": [e for e in headline if not e["state"]],
        "without_numbers": [e for e in headline if e["state"]],
        "quality": [e for e in entries if e["kind"] == "data quality"],
        "units": _named_units(values),
        "attrition": tables.frame("released_attrition").sort_values("step").to_dict("records"),
        "data_sets": tables.frame("released_data_sets").to_dict("records"),
        "files": tables.frame("changed_files").to_dict("records"),
        "revisions": revisions.head(MOST_REVISIONS).to_dict("records"),
        "revision_count": len(revisions),
        "parameters": provenance[provenance["kind"] == "parameter"].to_dict("records"),
    }


def day(date: dt.date) -> str:
    """A date as people write it: `31 December 2025`."""
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


def _by_item(provenance: pd.DataFrame, kind: str) -> dict[str, str]:
    return dict(provenance.loc[provenance["kind"] == kind, ["item", "value"]].itertuples(index=False))


def _revisions(revisions: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Changed cells, those of the nation first, with the names of their units where this release has them."""
    names = values.dropna(subset=["unit_name"]).drop_duplicates(["level", "unit_code"])
    named = revisions.merge(names[["level", "unit_code", "unit_name"]], how="left", on=["level", "unit_code"])
    named["unit_name"] = named["unit_name"].fillna(named["unit_code"])
    named["order"] = named["level"].map(LEVELS)
    named["part"] = named["subgroup"] != "all"
    keys = ["order", "part", "indicator", "unit_name", "unit_code", "subgroup", "period_kind", "period"]
    return named.sort_values(keys, ignore_index=True).drop(columns=["order", "part"])


def _named_units(values: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Alliances and trusts that the page has any value of, in order of name."""
    latest = values[values["period_kind"] == ROLLING].drop_duplicates(["level", "unit_code"])
    return {level: _units(latest, level) for level in ("alliance", "trust")}


def _entry(definition: Mapping[Hashable, Any], values: pd.DataFrame) -> dict[str, Any]:
    """One indicator: its definition, its national values and those of each Alliance and trust."""
    entry: dict[str, Any] = {str(key): None if numbers.missing(v) else v for key, v in definition.items()}
    own = values[values["indicator"] == entry["indicator"]]
    rolling = own[own["period_kind"] == ROLLING]
    newest = rolling[rolling["period_end"] == rolling["period_end"].max()]
    nation = newest[newest["level"] == "nation"].to_dict("records")
    quarters = own[(own["period_kind"] == QUARTER) & (own["level"] == "nation")].sort_values("period_end")
    entry["nation"] = nation[0] if nation else None
    entry["days"] = definition["measure"] == "days"
    entry["state"] = _state(definition, bool(nation))
    entry["incomplete_since"] = bool(nation) and newest["period_end"].max() < values["period_end"].max()
    entry["completeness"] = _completeness(entry, values)
    entry["quarters"] = quarters.to_dict("records")
    entry["alliances"] = _units(newest, "alliance")
    entry["trusts"] = _units(newest, "trust")
    entry["trend"] = entry["plot"] = ""
    if nation and not entry["days"]:
        entry["trend"] = _trend(entry)
        entry["plot"] = _plot(entry)
    return entry


def _state(definition: Mapping[Hashable, Any], has_values: bool) -> str:
    """Why there is no number, or nothing when there is one."""
    if not definition["available"]:
        return f"Not available in this feed: {definition['reason']}."
    if not has_values:
        return (
            f"Not yet complete: it needs {numbers.count(definition['follow_up_days'])} days of follow-up for four "
            "whole quarters, which none of the reported ones has."
        )
    return ""


def _completeness(entry: Mapping[str, Any], values: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """How complete the record behind an indicator is, same period: unit code to its row; empty where none is named."""
    if entry["completeness_indicator"] is None or entry["nation"] is None:
        return {}
    beside = values[
        (values["indicator"] == entry["completeness_indicator"])
        & (values["period_kind"] == ROLLING)
        & (values["period"] == entry["nation"]["period"])
    ]
    return {str(row["unit_code"]): row for level in LEVELS for row in _units(beside, level)}


def _units(newest: pd.DataFrame, level: str) -> list[dict[str, Any]]:
    rows = newest[newest["level"] == level].sort_values(["unit_name", "unit_code"]).to_dict("records")
    return [{str(key): None if numbers.missing(v) else v for key, v in row.items()} for row in rows]


def _trend(entry: dict[str, Any]) -> str:
    points = [
        Point(row["period"], row["proportion"], row["lower"], row["upper"])
        for row in entry["quarters"]
        if not numbers.missing(row["proportion"])
    ]
    if len(points) < 2:
        return ""
    said = (
        f"{points[0].label}: {numbers.percent(points[0].value)}; {points[-1].label}: {numbers.percent(points[-1].value)}. "
        "Every value is in the table below."
    )
    return trend(points, f"{entry['title']}, by quarter of diagnosis", said, f"trend-{entry['indicator']}")


def _plot(entry: dict[str, Any]) -> str:
    points = [
        Point(row["unit_name"] or row["unit_code"], row["proportion"], row["lower"], row["upper"])
        for row in entry["alliances"]
        if row["proportion"] is not None
    ]
    if not points:
        return ""
    national = entry["nation"]["proportion"]
    hidden = len(entry["alliances"]) - len(points)
    said = (
        f"{len(points)} Cancer Alliances{f', {hidden} more are hidden' if hidden else ''}; the dashed line is the national value, {numbers.percent(national)}. "
        "Every value is in the table below."
    )
    return intervals(
        points, national, f"{entry['title']}, by Cancer Alliance", said, f"plot-{entry['indicator']}"
    )
