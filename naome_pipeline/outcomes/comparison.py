"""Providers against the nation: funnels, states, domains, and how many alarms chance alone would give.

What belongs here: which indicators are compared and how. What does not: limits and states (`statistics/funnel.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from naome_pipeline.indicators.registry import registry
from naome_pipeline.outcomes.risk import provider_figures
from naome_pipeline.outcomes.submissions import submitted_shares
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


def comparison_minima(complete: bool = False) -> Minima:
    """What a trust needs to be assessed. `complete`: it is also told, as 1 or 0, whether its records are complete enough."""
    return Minima(
        denominator=value_of("funnel_minimum_people"),
        expected=value_of("funnel_minimum_expected"),
        completeness=1 if complete else 0,
    )


def provider_comparison(
    assessed: pd.DataFrame,
    definitions: pd.DataFrame,
    models: pd.DataFrame,
    treating: pd.DataFrame,
    submitted: pd.DataFrame,
) -> pd.DataFrame:
    """One row per indicator, comparison and trust.

    Performance indicators and their variants are compared by trust of diagnosis, those with a risk model also adjusted,
    and deaths after chemotherapy also by the trust that gave the last cycle (`treating`: person_id,
    treating_trust_code). `submitted`: `submissions.submissions`. Columns: indicator, comparison, trust_code, and those of
    `statistics.funnel.Funnel.table`, with phi and tau_squared of the overdispersion (missing where it is not used) and complete
    (whether its records are complete enough to assess it).
    """
    compared = definitions[(definitions["kind"] == "performance") & definitions["available"]]
    figures = provider_figures(models)
    shares = assessed.groupby(["indicator", "trust_code"])["outcome"].mean()
    of_trusts = submitted_shares(submitted)
    tables = []
    for entry in compared.to_dict("records"):
        name = str(entry["indicator"])
        people = assessed[assessed["indicator"] == name]
        if people.empty:
            continue
        widened = name not in EXACT_ONLY
        records = _completeness(name, _of_indicator(shares, entry["records_indicator"]), of_trusts)
        tables.append(_crude(name, UNADJUSTED, people, "trust_code", entry["direction"], records))
        if name in EXACT_ONLY:
            given = people.merge(treating.dropna(subset="treating_trust_code"), on="person_id")
            if len(given):
                tables.append(
                    _crude(name, BY_TREATING, given, "treating_trust_code", entry["direction"], None)
                )
        if name in figures:
            table = figures[name]
            fair = ratio_funnel(
                table.index.to_numpy(),
                table["observed"].to_numpy(),
                table["expected"].to_numpy(),
                direction=entry["direction"],
                denominator=table["people"].to_numpy(),
                adjust_overdispersion=widened,
                **completeness_given(table.index, _enough(records)),
            )
            tables.append(_table(name, ADJUSTED, fair, records))
    if not tables:
        # Nobody to compare: a table of the same columns without rows.
        return _table("", UNADJUSTED, proportion_funnel(["-"], [1], [2], direction="neutral")).iloc[:0]
    return pd.concat(tables, ignore_index=True)


def _of_indicator(shares: pd.Series, indicator: Any) -> pd.Series | None:
    """Trust to the share of its people that have the record; None without such an indicator, or where no nation has it."""
    there = isinstance(indicator, str) and indicator in shares.index.get_level_values(0)
    return shares.xs(indicator) if there else None


def _completeness(
    indicator: str, records: pd.Series | None, submitted: Mapping[str, pd.Series]
) -> pd.DataFrame | None:
    """Per trust `completeness` (the share of people with the record, else of those whose treatments were submitted; missing
    where its nation does not have them) and whether that is `complete` enough; None of an indicator that rests on neither."""
    parts = [] if records is None else [(records, value_of("funnel_minimum_completeness"))]
    parts += [
        (submitted[name], value_of("funnel_minimum_submitted"))
        for name in registry().indicators[indicator].followed_in
        if name in submitted
    ]
    if not parts:
        return None
    trusts = pd.Index(sorted(set().union(*(shares.index for shares, _ in parts))))
    table = pd.DataFrame({"completeness": parts[0][0].reindex(trusts), "complete": True}, index=trusts)
    for shares, least in parts:
        table["complete"] &= ~(shares.reindex(trusts) < least)
    return table


def completeness_given(trusts: pd.Index, complete: pd.Series | None) -> dict[str, Any]:
    """The minima, and whether the records of each trust are complete enough, where an indicator asks. A trust that is not
    there is not asked."""
    if complete is None:
        return {"minima": comparison_minima()}
    return {
        "minima": comparison_minima(complete=True),
        "completeness": complete.reindex(trusts).astype(float).fillna(1.0).to_numpy(),
    }


def _crude(
    indicator: str,
    comparison: str,
    people: pd.DataFrame,
    by: str,
    direction: Direction,
    records: pd.DataFrame | None,
) -> pd.DataFrame:
    counts = people.groupby(by)["outcome"].agg(["sum", "size"]).sort_index()
    funnel = proportion_funnel(
        counts.index.to_numpy(),
        counts["sum"].to_numpy(),
        counts["size"].to_numpy(),
        direction=direction,
        adjust_overdispersion=indicator not in EXACT_ONLY,
        **completeness_given(counts.index, _enough(records)),
    )
    return _table(indicator, comparison, funnel, records)


def _enough(records: pd.DataFrame | None) -> pd.Series | None:
    return None if records is None else records["complete"]


def _table(
    indicator: str, comparison: str, funnel: Funnel, records: pd.DataFrame | None = None
) -> pd.DataFrame:
    table = funnel.table.rename(columns={"provider": "trust_code"})
    # 1 and 0 went into the funnel; what is kept is the share.
    table["complete"] = table["completeness"].fillna(1.0) > 0
    table["completeness"] = float("nan")
    if records is not None:
        table["completeness"] = table["trust_code"].map(records["completeness"].to_dict()).astype(float)
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
