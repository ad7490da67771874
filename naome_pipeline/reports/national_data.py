"""The data file of the national dashboard, in its sheets and columns.

What belongs here: laying released numbers out as that dashboard reads them. What does not: any other layout
(`open_data.py` has every released table), choosing what may be shown.

Sheets: Indicators_trust, Indicators_CA, data_quality, Metric_info, Audit_meta_info. A proportion is 0 to 1 everywhere.
A quarter of a trust (about eight people) is never published, so a row of a trust is the four quarters that end with its
quarter: `pact` and `Mav` are both the share in them, and `Mav_Ca` and `Mav_nat` the shares of its Alliance and nation in
the same four quarters. A row of an Alliance is one quarter, with the moving average of three. Hidden values are empty and
say so in `suppressed`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from naome_pipeline.indicators.reporting_periods import AUDIT_PERIOD, QUARTER, ROLLING
from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.about import AUDIT, AUDIT_NAME
from naome_pipeline.reports.released import ReleasedTables
from naome_pipeline.reports.spreadsheet import write_workbook

DATA_FILE = "national_dashboard_data.xlsx"
_TIME = ["audit", "metric_id", "metric_name", "date", "quarter_year", "calendar_year", "period"]
_PLACE = {
    "trust": ["trust_code", "trust_name", "alliance_code", "alliance_name"],
    "alliance": ["alliance_code", "alliance_name"],
}
_COUNTS = ["numerator", "denominator", "pact", "Mav", "Lcl", "Ucl"]
TRUST_COLUMNS = [*_TIME, *_PLACE["trust"], *_COUNTS, "Mav_Ca", "Mav_nat", "suppressed"]
ALLIANCE_COLUMNS = [*_TIME, *_PLACE["alliance"], *_COUNTS, "Mav_nat", "suppressed"]
QUALITY_COLUMNS = [
    *_TIME,
    *_PLACE["trust"],
    "numerator",
    "denominator",
    "pact",
    "Mav",
    "Mav_Ca",
    "Mav_nat",
    "suppressed",
]
METRIC_COLUMNS = [
    "audit", "metric_id", "metric_type", "metric_name", "numerator_description", "denominator_description", "construction_note",
    "update_frequency", "period", "risk_adjustment", "comment", "goal", "metric_direction", "follow_up_days", "status",
    "availability", "guideline",
]  # fmt: skip
_ELSEWHERE = {
    "days": "A duration: in indicators.csv, not in this file.",
    wording.BY_YEARS: "By years since diagnosis: in recurrence_rates.csv, not in this file.",
}


def write_national_data(tables: ReleasedTables, folder: Path) -> None:
    """Write `national_dashboard_data.xlsx` into a folder."""
    definitions: Any = tables.frame("released_definitions").sort_values("position")
    release = tables.facts()
    everything: Any = tables.frame("released_indicators")
    values = everything
    values = values[(values["subgroup"] == "all") & values["indicator"].isin(_proportions(definitions))]
    values = values.merge(definitions[["indicator", "position", "kind", "title"]], on="indicator")
    series: Any = tables.frame("released_series")
    trusts, alliances = _trusts(values, series), _alliances(values, series)
    quality = trusts["kind"] == "data quality"
    about = alliances[alliances["kind"] != "data quality"]
    write_workbook(
        folder / DATA_FILE,
        {
            "Indicators_trust": _rows(trusts[~quality], TRUST_COLUMNS),
            "Indicators_CA": _rows(about, ALLIANCE_COLUMNS),
            "data_quality": _rows(trusts[quality], QUALITY_COLUMNS),
            "Metric_info": _rows(_metrics(definitions, everything, release["period"]), METRIC_COLUMNS),
            "Audit_meta_info": (["item", "value"], _meta(release)),
        },
    )


def _proportions(definitions: Any) -> list[str]:
    return definitions.loc[definitions["measure"] == "proportion", "indicator"].tolist()


def _rows(frame: Any, columns: list[str]) -> tuple[list[str], list[tuple[Any, ...]]]:
    return columns, list(frame[columns].itertuples(index=False, name=None))


def _timed(values: Any) -> Any:
    """The columns that say which audit, metric and quarter a row is about; `date` is the first day of the quarter."""
    quarter = values["period"].str.split(" to ").str[-1]
    year, number = quarter.str[:4], quarter.str[-1]
    first = values["period_end"].dt.to_period("Q").dt.start_time
    return values.assign(
        audit=AUDIT,
        metric_id=values["indicator"],
        metric_name=values["title"],
        date=first,
        quarter_year="Q" + number + "-" + year,
        calendar_year=year.astype(int),
        pact=values["proportion"],
    )


def _with_limits(values: Any, series: Any, level: str) -> Any:
    keys = ["indicator", "unit_code", "period"]
    limits = series.loc[series["level"] == level, [*keys, "lower", "upper", "moving_average"]]
    limits = limits.rename(columns={"lower": "Lcl", "upper": "Ucl", "moving_average": "Mav"})
    return values.drop(columns=["lower", "upper"]).merge(limits, on=keys, how="left")


def _beside(frame: Any, values: Any, level: str, by: str, title: str) -> Any:
    """The share of another level in the same period, as a column."""
    of = values.loc[values["level"] == level, ["indicator", "period", "unit_code", "proportion"]]
    of = of.rename(columns={"unit_code": by, "proportion": title})
    return frame.merge(of, on=["indicator", "period", by], how="left")


def _trusts(values: Any, series: Any) -> Any:
    rolling = values[values["period_kind"] == ROLLING]
    frame = _timed(_with_limits(rolling[rolling["level"] == "trust"], series, "trust"))
    frame["Mav"] = frame["pact"]
    names = dict(
        values.loc[values["level"] == "alliance", ["unit_code", "unit_name"]]
        .drop_duplicates()
        .itertuples(index=False)
    )
    frame = frame.rename(columns={"unit_code": "trust_code", "unit_name": "trust_name"})
    frame["alliance_name"] = frame["alliance_code"].map(names)
    frame = _beside(frame, rolling, "alliance", "alliance_code", "Mav_Ca")
    frame = _beside(frame, rolling, "nation", "nation", "Mav_nat")
    return frame.sort_values(["position", "trust_code", "date"], ignore_index=True)


def _alliances(values: Any, series: Any) -> Any:
    quarters = values[(values["period_kind"] == QUARTER) & (values["level"] == "alliance")]
    frame = _timed(_with_limits(quarters, series, "alliance")).drop(columns="alliance_code")
    frame = frame.rename(columns={"unit_code": "alliance_code", "unit_name": "alliance_name"})
    national = series.loc[series["level"] == "nation", ["indicator", "period", "unit_code", "moving_average"]]
    national = national.rename(columns={"unit_code": "nation", "moving_average": "Mav_nat"})
    frame = frame.merge(national, on=["indicator", "period", "nation"], how="left")
    return frame.sort_values(["position", "alliance_code", "date"], ignore_index=True)


def _metrics(definitions: Any, values: Any, period: str) -> pd.DataFrame:
    """The metric sheet: one row per indicator of the registry, with what this release has of it."""
    newest = _newest_periods(values)
    frequency = "every quarter" if "Q" in period else "every year"
    return pd.DataFrame(
        [
            {
                "audit": AUDIT,
                "metric_id": row["indicator"],
                "metric_type": row["kind"],
                "metric_name": row["title"],
                "numerator_description": row["numerator_text"],
                "denominator_description": row["denominator_text"],
                "construction_note": row["construction"],
                "update_frequency": frequency if row["available"] else "not updated: not available",
                "period": newest.get(row["indicator"], wording.NO_PERIOD),
                "risk_adjustment": row["risk_adjustment"],
                "comment": _comment(row),
                "goal": row["goal_title"],
                "metric_direction": row["direction"],
                "follow_up_days": row["follow_up_days"],
                "status": row["status"],
                "availability": wording.state(row, row["indicator"] in newest)
                if row["measure"] == "proportion" or not row["available"]
                else _ELSEWHERE[row["measure"]],
                "guideline": row["guideline"],
            }
            for row in definitions.to_dict("records")
        ],
        columns=pd.Index(METRIC_COLUMNS),
    )


def _newest_periods(values: Any) -> dict[str, str]:
    """Indicator to its newest four quarters and its audit period: quarters of diagnosis whose follow-up is complete."""
    found: dict[str, list[str]] = {}
    for kind in (ROLLING, AUDIT_PERIOD):
        rows = values[(values["period_kind"] == kind) & (values["subgroup"] == "all")]
        newest = rows.sort_values("period_end").groupby("indicator")["period"].last()
        for indicator, label in newest.items():
            found.setdefault(str(indicator), []).append(f"{label} ({kind})")
    return {indicator: "; ".join(labels) for indicator, labels in found.items()}


def _comment(row: Mapping[Hashable, Any]) -> str:
    """What a reader has to know beside the definition."""
    said = []
    if row["status"] == "experimental":
        said.append("Experimental: read it with care.")
    if not numbers.missing(row["variant_of"]):
        said.append(f"Variant of {row['variant_of']}.")
    if not numbers.missing(row["completeness_indicator"]):
        said.append(
            f"Documented, not done: how complete the record is stands in {row['completeness_indicator']}."
        )
    if row["cohort"] == "recurrent":
        said.append("Of people whose cancer came back; for the nation only.")
    if row["extension"]:
        said.append("Not in the plan's list.")
    said += wording.missing_in(str(row["not_in"] or "")).values()
    return " ".join(said)


def _meta(release: dict[str, str]) -> list[tuple[str, str]]:
    synthetic = release.get("synthetic data") == "yes"
    said = (
        "artificial data: every number comes from people who do not exist" if synthetic else "delivered data"
    )
    return [
        ("audit_name_acronym", AUDIT),
        ("audit_name_full", AUDIT_NAME),
        ("data", said),
        ("service", "this is not an NHS service"),
        (
            "proportions",
            "pact, Mav, Lcl, Ucl, Mav_Ca and Mav_nat are 0 to 1; empty where hidden or not given",
        ),
        (
            "rows of trusts",
            "the four quarters that end with quarter_year; Mav_Ca and Mav_nat are of the same four quarters",
        ),
        ("rows of Alliances", "one quarter; Mav and Mav_nat are moving averages of three quarters"),
        (
            "limits",
            "Lcl and Ucl: control limits of three standard deviations; of an Alliance whose quarters vary more than chance "
            "explains, widened for that (Laney p′)",
        ),
        *sorted(release.items()),
    ]
