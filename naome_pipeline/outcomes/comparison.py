"""Providers against the nation: funnels, states, domains, and how many alarms chance alone would give.

What belongs here: which indicators are compared and how. What does not: limits and states (`statistics/funnel.py`).
"""

from __future__ import annotations

import pandas as pd

from naome_pipeline.outcomes.risk import provider_figures
from naome_pipeline.parameters import value_of
from naome_pipeline.statistics.funnel import Funnel, Minima, false_alarms, proportion_funnel, ratio_funnel

UNADJUSTED, ADJUSTED = "unadjusted", "risk adjusted"
# Deaths soon after chemotherapy are rare: exact limits only, never widened (specification, section 5).
EXACT_ONLY = ("P9",)


def _minima() -> Minima:
    return Minima(denominator=value_of("funnel_minimum_people"), expected=value_of("funnel_minimum_expected"))


def provider_comparison(
    assessed: pd.DataFrame, definitions: pd.DataFrame, models: pd.DataFrame
) -> pd.DataFrame:
    """One row per indicator, comparison (unadjusted, risk adjusted) and trust.

    Performance indicators and their variants are compared. Columns: indicator, comparison, trust_code, and those of
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
        counts = people.groupby("trust_code")["outcome"].agg(["sum", "size"]).sort_index()
        widened = name not in EXACT_ONLY
        plain = proportion_funnel(
            counts.index.to_numpy(),
            counts["sum"].to_numpy(),
            counts["size"].to_numpy(),
            direction=entry["direction"],
            minima=_minima(),
            adjust_overdispersion=widened,
        )
        tables.append(_table(name, UNADJUSTED, plain))
        if name in figures:
            table = figures[name]
            fair = ratio_funnel(
                table.index.to_numpy(),
                table["observed"].to_numpy(),
                table["expected"].to_numpy(),
                direction=entry["direction"],
                denominator=table["people"].to_numpy(),
                minima=_minima(),
                adjust_overdispersion=widened,
            )
            tables.append(_table(name, ADJUSTED, fair))
    if not tables:
        # Nobody to compare: a table of the same columns without rows.
        return _table("", UNADJUSTED, proportion_funnel(["-"], [1], [2], direction="neutral")).iloc[:0]
    return pd.concat(tables, ignore_index=True)


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
    for name in (UNADJUSTED, ADJUSTED):
        table = comparison[comparison["comparison"] == name]
        account = false_alarms([part for _, part in table.groupby("indicator")])
        account.insert(0, "comparison", name)
        parts.append(account)
    return pd.concat(parts, ignore_index=True)
