"""The first page: one self-contained HTML file per release, made from released tables alone.

What belongs here: choosing and arranging what is shown. What does not: computing any number (the tables have them) or
how numbers are written (`numbers.py`). Equal tables give equal bytes: no clock, everything sorted.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from naome_pipeline.parameters import parameters
from naome_pipeline.reports import numbers
from naome_pipeline.reports.charts import Point, intervals, trend
from naome_pipeline.reports.released import ReleasedTables

PAGE_FILE = "index.html"
TEMPLATES = Path(__file__).parent / "templates"
QUARTER, ROLLING = "quarter", "rolling four quarters"
KINDS = {
    "performance": "How care is measured",
    "data quality": "How complete the records are",
    "contextual": "Context",
}
MOST_REVISIONS = 200


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
    environment.globals |= {"percent_range": numbers.percent_range, "missing": numbers.missing}
    page = environment.get_template("first_page.html.jinja").render(**page_content(tables))
    (folder / PAGE_FILE).write_text(page, encoding="utf-8")


def page_content(tables: ReleasedTables) -> dict[str, Any]:
    """Everything the template shows, as plain values."""
    provenance = tables.frame("provenance")
    release = dict(provenance.loc[provenance["kind"] == "release", ["item", "value"]].itertuples(index=False))
    definitions = tables.frame("released_definitions").sort_values("position")
    values = tables.frame("released_indicators")
    values = values[values["subgroup"] == "all"]
    entries = [_entry(row, values) for row in definitions.to_dict("records")]
    revisions = tables.frame("revisions")
    return {
        "release": release,
        "period": _period(release["period"]),
        "synthetic": release.get("synthetic data") == "yes",
        "target": float(parameters()["data_quality_target"].value),
        "target_text": numbers.whole_percent(float(parameters()["data_quality_target"].value)),
        "policy": release["disclosure note"],
        "for_publication": release["disclosure for publication"] == "True",
        "entries": entries,
        "kinds": [
            {"id": kind, "title": title, "entries": [e for e in entries if e["kind"] == kind]}
            for kind, title in KINDS.items()
        ],
        "headline": [e for e in entries if e["kind"] == "performance" and not e["variant_of"]],
        "quality": [e for e in entries if e["kind"] == "data quality"],
        "attrition": tables.frame("released_attrition").sort_values("step").to_dict("records"),
        "data_sets": tables.frame("released_data_sets").to_dict("records"),
        "files": tables.frame("changed_files").to_dict("records"),
        "revisions": revisions.head(MOST_REVISIONS).to_dict("records"),
        "revision_count": len(revisions),
        "parameters": provenance[provenance["kind"] == "parameter"].to_dict("records"),
    }


def _period(code: str) -> str:
    """`2025Q3` as people write it."""
    return f"{code[:4]} {code[4:]}" if len(code) == 6 else code


def _entry(definition: Mapping[Hashable, Any], values: pd.DataFrame) -> dict[str, Any]:
    """One indicator: its definition, its national values and those of each Alliance and trust."""
    name = definition["indicator"]
    entry: dict[str, Any] = {str(key): None if numbers.missing(v) else v for key, v in definition.items()}
    own = values[values["indicator"] == name]
    rolling = own[own["period_kind"] == ROLLING]
    latest = rolling["period_end"].max() if len(rolling) else None
    newest = rolling[rolling["period_end"] == latest] if latest is not None else rolling
    nation = newest[newest["level"] == "nation"].to_dict("records")
    quarters = own[(own["period_kind"] == QUARTER) & (own["level"] == "nation")].sort_values("period_end")
    entry["nation"] = nation[0] if nation else None
    entry["days"] = definition["measure"] == "days"
    entry["state"] = _state(definition, bool(nation))
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
            f"Not yet complete: it needs {definition['follow_up_days']} days of follow-up for four whole quarters, "
            "which none of the reported ones has."
        )
    return ""


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
        Point(row["unit_name"], row["proportion"], row["lower"], row["upper"])
        for row in entry["alliances"]
        if row["proportion"] is not None
    ]
    if not points:
        return ""
    national = entry["nation"]["proportion"]
    said = (
        f"{len(points)} Cancer Alliances; the dashed line is the national value, {numbers.percent(national)}. "
        "Every value is in the table below."
    )
    return intervals(
        points, national, f"{entry['title']}, by Cancer Alliance", said, f"plot-{entry['indicator']}"
    )
