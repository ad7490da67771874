"""The national value of each indicator that documents quote: the newest audit period, both nations where there are two.

What belongs here: choosing that row among the released ones. What does not: writing it as words (`numbers.py`).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from naome_pipeline.reports.released import ReleasedTables

# Where no audit period is complete for an indicator, its newest rolling four quarters are quoted, and named as such.
PERIOD_KINDS = ("audit period", "rolling four quarters")
WHOLE_LEVELS = ("both_nations", "nation")


def newest_periods(values: pd.DataFrame) -> pd.DataFrame:
    """Of released indicator values those of each indicator's newest audit period, or of its newest rolling four quarters."""
    ranked = values[values["period_kind"].isin(PERIOD_KINDS)].copy()
    ranked["kind_rank"] = ranked["period_kind"].map({kind: n for n, kind in enumerate(PERIOD_KINDS)})
    best = ranked.sort_values(["kind_rank", "period_end"], ascending=[True, False])
    best = best.drop_duplicates("indicator")[["indicator", "period_kind", "period"]]
    return ranked.drop(columns="kind_rank").merge(best, on=["indicator", "period_kind", "period"])


def national_values(tables: ReleasedTables) -> pd.DataFrame:
    """One row per indicator and subgroup: the whole of the release, both nations or the only one, of the newest period.

    Columns: those of released_indicators. An indicator that one nation alone has keeps that nation's row.
    """
    newest = newest_periods(tables.frame("released_indicators"))
    whole = newest[newest["level"].isin(WHOLE_LEVELS)].copy()
    whole["level_rank"] = whole["level"].map({level: n for n, level in enumerate(WHOLE_LEVELS)})
    whole = whole.sort_values(["indicator", "subgroup", "level_rank", "unit_code"])
    return whole.drop_duplicates(["indicator", "subgroup"]).drop(columns="level_rank").reset_index(drop=True)


def nations_of(tables: ReleasedTables) -> tuple[str, ...]:
    """The nations the release has values of, England first."""
    values = tables.frame("released_indicators")
    found: Any = values.loc[values["level"] == "nation", "unit_code"].unique()
    return tuple(sorted(map(str, found)))
