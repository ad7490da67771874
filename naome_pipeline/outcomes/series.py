"""Change over time: control charts of every unit, and each year against the one before.

What belongs here: cutting the counts into series. What does not: limits and rules (`statistics/control_charts.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from naome_pipeline.indicators.reporting_periods import ROLLING
from naome_pipeline.parameters import value_of
from naome_pipeline.statistics.control_charts import Columns, dashboard_columns
from naome_pipeline.statistics.evaluation import year_on_year


def control_charts(counts: pd.DataFrame, definitions: pd.DataFrame) -> pd.DataFrame:
    """The dashboard's series of every indicator and unit by quarter: limits, moving average, special causes.

    `counts`: indicator_counts. A quarter in which a unit had nobody is a point without a value. Columns: indicator,
    level, unit_code, period, period_end, and those of `statistics.control_charts.dashboard_columns`.
    """
    directions = dict(definitions[["indicator", "direction"]].itertuples(index=False))
    wanted = counts[
        (counts["period_kind"] == "quarter") & (counts["subgroup"] == "all") & counts["numerator"].notna()
    ]
    significance = float(value_of("laney_significance"))
    parts: list[Columns] = []
    for name, of_indicator in wanted.groupby("indicator"):
        quarters = of_indicator[["period", "period_end"]].drop_duplicates().sort_values("period_end")
        periods, ends = quarters["period"].to_numpy(), quarters["period_end"].to_numpy()
        place = of_indicator["period"].map(dict(zip(periods, range(len(periods)), strict=True))).to_numpy()
        top, bottom = (of_indicator[c].to_numpy(dtype=float) for c in ("numerator", "denominator"))
        units: Any = of_indicator.groupby(["level", "unit_code"]).indices
        for (level, unit), rows in units.items():
            series = np.zeros((2, len(periods)))
            series[0, place[rows]], series[1, place[rows]] = top[rows], bottom[rows]
            chart = dashboard_columns(series[0], series[1], directions[str(name)], significance)
            parts.append(_placed(chart, str(name), str(level), str(unit), periods, ends))
    if not parts:
        # Nothing to chart: a table of the same columns without rows.
        nothing = np.array(["-"], dtype=object), np.array([pd.Timestamp(0).to_datetime64()])
        chart = _placed(dashboard_columns([1.0], [2.0], "neutral", significance), "-", "-", "-", *nothing)
        return pd.DataFrame(chart).iloc[:0]
    return pd.DataFrame({column: np.concatenate([part[column] for part in parts]) for column in parts[0]})


def _placed(
    chart: Columns, indicator: str, level: str, unit: str, periods: NDArray[Any], ends: NDArray[Any]
) -> Columns:
    """A chart with the columns that say what it is of, in front."""
    said = {"indicator": indicator, "level": level, "unit_code": unit}
    whole = {name: np.full(len(periods), value, dtype=object) for name, value in said.items()}
    return whole | {"period": periods, "period_end": ends} | chart


def yearly_change(counts: pd.DataFrame) -> pd.DataFrame:
    """National change of each indicator from one whole calendar year of diagnosis to the next, with its interval.

    A calendar year is one of the rolling four quarters: it is there once the follow-up of all of it has passed, and a
    quarter without anybody in the denominator adds nobody. After a year without anybody there is no difference. Columns:
    indicator, nation, year, numerator, denominator, value, difference, lower, upper, p (the first year has no difference).
    """
    wanted = counts[
        (counts["period_kind"] == ROLLING)
        & (pd.to_datetime(counts["period_end"]).dt.month == 12)
        & (counts["subgroup"] == "all")
        & (counts["level"] == "nation")
        & counts["numerator"].notna()
    ]
    wanted = wanted.assign(year=pd.to_datetime(wanted["period_end"]).dt.year)
    parts = []
    for (name, nation), table in wanted.groupby(["indicator", "unit_code"]):
        found = table.set_index("year")[["numerator", "denominator"]].astype(float)
        whole = found.reindex(range(found.index.min(), found.index.max() + 1), fill_value=0.0)
        change = year_on_year(
            list(whole.index), whole["numerator"].to_numpy(), whole["denominator"].to_numpy()
        )
        change = change[change["denominator"] > 0]
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
