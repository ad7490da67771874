"""The period of each indicator that every output quotes, and its national value: both nations where there are two.

What belongs here: choosing that row among the released ones. What does not: writing it as words (`numbers.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from naome_pipeline.indicators.reporting_periods import AUDIT_PERIOD, ROLLING
from naome_pipeline.reports import numbers
from naome_pipeline.reports.released import ReleasedTables

# Where no audit period is complete for an indicator, its newest rolling four quarters are quoted, and named beside the value.
PERIOD_KINDS = (AUDIT_PERIOD, ROLLING)
NO_PERIOD = "no whole period yet"
EVERYBODY = "everybody in the cohort"
WHOLE_LEVELS = ("both_nations", "nation")


def newest_periods(values: pd.DataFrame) -> pd.DataFrame:
    """Of released indicator values those of each indicator's newest audit period, or of its newest rolling four quarters."""
    ranked = values[values["period_kind"].isin(PERIOD_KINDS)].copy()
    ranked["kind_rank"] = ranked["period_kind"].map({kind: n for n, kind in enumerate(PERIOD_KINDS)})
    best = ranked.sort_values(["kind_rank", "period_end"], ascending=[True, False])
    best = best.drop_duplicates("indicator")[["indicator", "period_kind", "period"]]
    return ranked.drop(columns="kind_rank").merge(best, on=["indicator", "period_kind", "period"])


def main_period(newest: pd.DataFrame) -> str:
    """The period an output names once for all: the audit period, or the newest rolling four quarters where there is none.

    `newest`: the result of `newest_periods`; an indicator of another period has it named beside its value.
    """
    kinds = newest["period_kind"].map({kind: n for n, kind in enumerate(PERIOD_KINDS)})
    ranked = newest.assign(kind_rank=kinds).sort_values(["kind_rank", "period_end"], ascending=[True, False])
    return str(ranked["period"].iloc[0]) if len(ranked) else NO_PERIOD


def other_period(period: str, main: str) -> str:
    """The period of a value where it is not the one an output names for all: `, people diagnosed in 2022`."""
    return "" if period == main else f", people diagnosed in {period}"


def national_values(tables: ReleasedTables) -> pd.DataFrame:
    """One row per indicator and subgroup: the whole of the release, both nations or the only one, of the newest period.

    Columns: those of released_indicators. An indicator that one nation alone has keeps that nation's row.
    """
    newest = newest_periods(tables.frame("released_indicators"))
    whole = newest[newest["level"].isin(WHOLE_LEVELS)].copy()
    whole["level_rank"] = whole["level"].map({level: n for n, level in enumerate(WHOLE_LEVELS)})
    whole = whole.sort_values(["indicator", "subgroup", "level_rank", "unit_code"])
    return whole.drop_duplicates(["indicator", "subgroup"]).drop(columns="level_rank").reset_index(drop=True)


def cohort_of(
    whole: Iterable[Mapping[str, Any]], definitions: Mapping[str, Mapping[str, Any]], main: str
) -> Mapping[str, Any] | None:
    """The national value, of the main period, whose denominator is everybody in the cohort."""
    rows = [
        row
        for row in whole
        if row["subgroup"] == "all"
        and row["period"] == main
        and definitions[row["indicator"]]["denominator_text"] == EVERYBODY
        and not numbers.missing(row["denominator"])
    ]
    return max(rows, key=lambda row: int(row["denominator"]), default=None)


def nations_of(tables: ReleasedTables) -> tuple[str, ...]:
    """The nations the release has values of, England first."""
    values = tables.frame("released_indicators")
    found: Any = values.loc[values["level"] == "nation", "unit_code"].unique()
    return tuple(sorted(map(str, found)))
