"""Providers against the nation: funnels, states, domains, and how many alarms chance alone would give.

What belongs here: which indicators are compared and how. What does not: limits and states (`statistics/funnel.py`).
"""

from __future__ import annotations

import pandas as pd

from naome_pipeline.outcomes.risk import provider_figures
from naome_pipeline.parameters import value_of
from naome_pipeline.statistics.funnel import (
    Direction,
    Funnel,
    Minima,
    false_alarms,
    proportion_funnel,
    ratio_funnel,
)

UNADJUSTED, ADJUSTED, BY_TREATING = "unadjusted", "risk adjusted", "unadjusted, by treating trust"
COMPARISONS = (UNADJUSTED, ADJUSTED, BY_TREATING)
# Deaths soon after chemotherapy are rare: exact limits only, never widened (specification, section 5).
EXACT_ONLY = ("P9",)


def comparison_minima() -> Minima:
    """What a trust needs to be assessed."""
    return Minima(denominator=value_of("funnel_minimum_people"), expected=value_of("funnel_minimum_expected"))


def provider_comparison(
    assessed: pd.DataFrame, definitions: pd.DataFrame, models: pd.DataFrame, treating: pd.DataFrame
) -> pd.DataFrame:
    """One row per indicator, comparison and trust.

    Performance indicators and their variants are compared by trust of diagnosis, those with a risk model also adjusted,
    and deaths after chemotherapy also by the trust that gave the last cycle (`treating`: person_id,
    treating_trust_code). Columns: indicator, comparison, trust_code, and those of
    `statistics.funnel.Funnel.table`, with phi and tau_squared of the overdispersion (missing where it is not used).
    """
    compared = definitions[(definitions["kind"] == "performance") & definitions["available"]]
    figures = provider_figures(models)
    tables = []
    for entry in compared.to_dict("records"):
        name = str(entry["indicator"])
        people = assessed[assessed["indicator"] == name]
        if people.empty:
            continue
        widened = name not in EXACT_ONLY
        tables.append(_crude(name, UNADJUSTED, people, "trust_code", entry["direction"]))
        if name in EXACT_ONLY:
            given = people.merge(treating.dropna(subset="treating_trust_code"), on="person_id")
            if len(given):
                tables.append(_crude(name, BY_TREATING, given, "treating_trust_code", entry["direction"]))
        if name in figures:
            table = figures[name]
            fair = ratio_funnel(
                table.index.to_numpy(),
                table["observed"].to_numpy(),
                table["expected"].to_numpy(),
                direction=entry["direction"],
                denominator=table["people"].to_numpy(),
                minima=comparison_minima(),
                adjust_overdispersion=widened,
            )
            tables.append(_table(name, ADJUSTED, fair))
    if not tables:
        # Nobody to compare: a table of the same columns without rows.
        return _table("", UNADJUSTED, proportion_funnel(["-"], [1], [2], direction="neutral")).iloc[:0]
    return pd.concat(tables, ignore_index=True)


def _crude(
    indicator: str, comparison: str, people: pd.DataFrame, by: str, direction: Direction
) -> pd.DataFrame:
    counts = people.groupby(by)["outcome"].agg(["sum", "size"]).sort_index()
    funnel = proportion_funnel(
        counts.index.to_numpy(),
        counts["sum"].to_numpy(),
        counts["size"].to_numpy(),
        direction=direction,
        minima=comparison_minima(),
        adjust_overdispersion=indicator not in EXACT_ONLY,
    )
    return _table(indicator, comparison, funnel)


def _table(indicator: str, comparison: str, funnel: Funnel) -> pd.DataFrame:
    table = funnel.table.rename(columns={"provider": "trust_code"})
    table.insert(0, "indicator", indicator)
    table.insert(1, "comparison", comparison)
    spread = funnel.overdispersion
    table["phi"] = float("nan") if spread is None else spread.phi
    table["tau_squared"] = float("nan") if spread is None else spread.tau_squared
    texts = table.select_dtypes("object").columns
    table[texts] = table[texts].fillna("").astype(str)
    return table


def alarm_account(comparison: pd.DataFrame) -> pd.DataFrame:
    """How many flags chance alone would give, per comparison, level and side, beside those there are."""
    parts = []
    for name in COMPARISONS:
        table = comparison[comparison["comparison"] == name]
        account = false_alarms([part for _, part in table.groupby("indicator")])
        account.insert(0, "comparison", name)
        parts.append(account)
    return pd.concat(parts, ignore_index=True)
