"""Change over time: control charts of every unit, and each year against the one before.

What belongs here: cutting the counts into series. What does not: limits and rules (`statistics/control_charts.py`).
"""

from __future__ import annotations

import pandas as pd

from naome_pipeline.statistics.control_charts import dashboard_series
from naome_pipeline.statistics.evaluation import year_on_year

CHARTED_LEVELS = ("nation", "alliance", "trust")


def control_charts(counts: pd.DataFrame, definitions: pd.DataFrame) -> pd.DataFrame:
    """The dashboard's series of every indicator and unit by quarter: limits, moving average, special causes.

    `counts`: indicator_counts. A quarter in which a unit had nobody is a point without a value. Columns: indicator,
    level, unit_code, period, period_end, and those of `statistics.control_charts.dashboard_series`.
    """
    directions = dict(definitions[["indicator", "direction"]].itertuples(index=False))
    wanted = counts[
        (counts["period_kind"] == "quarter") & (counts["subgroup"] == "all") & counts["numerator"].notna()
    ]
    parts = []
    for name, of_indicator in wanted.groupby("indicator"):
        quarters = of_indicator[["period", "period_end"]].drop_duplicates().sort_values("period_end")
        for (level, unit), table in of_indicator.groupby(["level", "unit_code"]):
            series = quarters.merge(table[["period", "numerator", "denominator"]], on="period", how="left")
            top = series["numerator"].fillna(0).to_numpy(dtype=float)
            bottom = series["denominator"].fillna(0).to_numpy(dtype=float)
            chart = dashboard_series(top, bottom, directions[str(name)])
            parts.append(_placed(chart, str(name), str(level), str(unit), series))
    if not parts:
        # Nothing to chart: a table of the same columns without rows.
        nothing = pd.DataFrame({"period": ["-"], "period_end": [pd.Timestamp(0)]})
        return _placed(dashboard_series([1.0], [2.0], "neutral"), "-", "-", "-", nothing).iloc[:0]
    return pd.concat(parts, ignore_index=True)


def _placed(chart: pd.DataFrame, indicator: str, level: str, unit: str, series: pd.DataFrame) -> pd.DataFrame:
    """A chart with the columns that say what it is of, in front."""
    place = pd.DataFrame(
        {
            "indicator": indicator,
            "level": level,
            "unit_code": unit,
            "period": series["period"].to_numpy(),
            "period_end": series["period_end"].to_numpy(),
        }
    )
    return pd.concat([place, chart.reset_index(drop=True)], axis=1)


def yearly_change(counts: pd.DataFrame) -> pd.DataFrame:
    """National change of each indicator from one whole calendar year of diagnosis to the next, with its interval.

    Years are whole when all four quarters have their follow-up. Columns: indicator, nation, year, numerator,
    denominator, value, difference, lower, upper, p (the first year has no difference).
    """
    wanted = counts[
        (counts["period_kind"] == "quarter")
        & (counts["subgroup"] == "all")
        & (counts["level"] == "nation")
        & counts["numerator"].notna()
    ]
    wanted = wanted.assign(year=pd.to_datetime(wanted["period_end"]).dt.year)
    parts = []
    for (name, nation), table in wanted.groupby(["indicator", "unit_code"]):
        years = table.groupby("year").agg(
            quarters=("period", "size"), numerator=("numerator", "sum"), denominator=("denominator", "sum")
        )
        whole = years[years["quarters"] == 4]
        if whole.empty:
            continue
        change = year_on_year(
            [int(str(y)) for y in whole.index],
            whole["numerator"].to_numpy(dtype=float),
            whole["denominator"].to_numpy(dtype=float),
        )
        change.insert(0, "indicator", str(name))
        change.insert(1, "nation", str(nation))
        parts.append(change)
    columns = [
        "indicator",
        "nation",
        "year",
        "numerator",
        "denominator",
        "value",
        "difference",
        "lower",
        "upper",
        "p",
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=pd.Index(columns))
