"""Survival of the cohort by nation, Alliance, trust and subgroup.

What belongs here: follow-up times and groups. What does not: the estimator (`statistics/survival.py`).
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from naome_pipeline.parameters import value_of
from naome_pipeline.statistics.survival import survival_by_group

HORIZONS = ("survival_days_1y", "survival_days_3y", "survival_days_5y")


def survival_estimates(facts: pd.DataFrame, subgroups: pd.DataFrame, snapshot_date: dt.date) -> pd.DataFrame:
    """Kaplan-Meier estimates at 1, 3 and 5 years, the median, and the restricted mean.

    `facts`: person_facts. Follow-up ends with death or at the snapshot date. Columns: level, unit_code, subgroup, and
    those of `statistics.survival.survival_by_group`; subgroups are given for the nation only.
    """
    end = pd.Timestamp(snapshot_date)
    followed = (end - pd.to_datetime(facts["mbc_date"])).dt.days
    death = facts["days_to_death"]
    died = death.notna() & (death <= followed)
    table = facts[["person_id", "nation", "alliance_code", "trust_code"]].assign(
        days=death.where(died, followed).astype(float), died=died.astype(int)
    )
    parts = [
        _by(table, "nation", "nation", "all"),
        _by(table.dropna(subset="alliance_code"), "alliance", "alliance_code", "all"),
        _by(table, "trust", "trust_code", "all"),
    ]
    for name, members in subgroups[subgroups["subgroup"] != "all"].groupby("subgroup"):
        inside = table[table["person_id"].isin(set(members["person_id"]))]
        parts.append(_by(inside, "nation", "nation", str(name)))
    if not any(len(part) for part in parts):
        somebody = pd.DataFrame({"nation": ["-"], "days": [1.0], "died": [0]})
        return _by(somebody, "nation", "nation", "all").iloc[:0]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _by(table: pd.DataFrame, level: str, column: str, subgroup: str) -> pd.DataFrame:
    if table.empty:
        return pd.DataFrame()
    found = survival_by_group(
        table[column].to_numpy(),
        table["days"].to_numpy(),
        table["died"].to_numpy(),
        [value_of(name) for name in HORIZONS],
        restricted_mean_horizon=value_of("restricted_mean_days"),
    ).rename(columns={"group": "unit_code"})
    found.insert(0, "level", level)
    found.insert(2, "subgroup", subgroup)
    return found
