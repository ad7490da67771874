"""Outcomes as published: funnel positions, adjusted rates and run charts, computed from counts that may be shown.

What belongs here: drawing the comparisons again from released counts, so that a position gives away no more than the two
counts beside it. What does not: which counts may be shown (`control.py`), the methods (`statistics/`), national figures
(the SQL files here).

A trust whose counts are hidden has a row without numbers. The overdispersion and the limits come from the shown trusts
alone: drawn from all, they would be equations about the hidden ones. Whether a trust is shown depends on its outcome, so the
overdispersion may be too low; the policy's note, which every output prints, says so. The target is the published national
figure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from naome_pipeline.disclosure.attack import BoolArray, FloatArray
from naome_pipeline.disclosure.counts import rounded
from naome_pipeline.disclosure.policy import Policy
from naome_pipeline.disclosure.protection import Table, protect
from naome_pipeline.disclosure.release import HIDDEN
from naome_pipeline.indicators.reporting_periods import AUDIT_PERIOD, QUARTER, ROLLING
from naome_pipeline.outcomes.comparison import (
    ADJUSTED,
    BY_TREATING,
    EXACT_ONLY,
    completeness_given,
)
from naome_pipeline.parameters import value_of
from naome_pipeline.statistics.control_charts import Columns, dashboard_columns
from naome_pipeline.statistics.funnel import Funnel, proportion_funnel, ratio_funnel

KEYS = ["indicator", "comparison", "trust_code"]
_LIMITS = ["lower_998", "lower_95", "upper_95", "upper_998"]
_NUMBERS = [
    "denominator", "numerator", "expected", "target", "value", *_LIMITS, *(f"overdispersed_{c}" for c in _LIMITS),
    "p_low", "p_high",
]  # fmt: skip
_STATES = [
    "state",
    "direction",
    "overdispersed_state",
    "overdispersed_direction",
    "domain",
    "reason",
    "method",
]
COMPARISON_COLUMNS = [
    "indicator", "comparison", "period", "trust_code", "unit_name", "alliance_code", *_NUMBERS, *_STATES, "suppressed",
    "policy",
]  # fmt: skip
SERIES_COLUMNS = [
    "indicator", "level", "unit_code", "period_kind", "period", "period_end", "numerator", "denominator", "value",
    "centre", "lower", "upper", "sigma_z", "limits", "moving_average", "special_cause", "variation", "suppressed", "policy",
]  # fmt: skip
_UNSEEN = "hidden"
# What a trust's series of overlapping years is called: runs and trends in it come from the overlap.
OVERLAPPING = "not judged: the years overlap"


def released_comparison(
    released: pd.DataFrame,
    comparison: pd.DataFrame,
    definitions: pd.DataFrame,
    providers: pd.DataFrame,
    policy: Policy,
) -> pd.DataFrame:
    """One row per indicator, comparison and trust of the audit period (COMPARISON_COLUMNS).

    `released`: the released indicators, whose counts are used; `comparison`: provider_comparison, of which the expected
    counts are taken, by treating trust the counts, and whether the records of a trust are complete enough; `providers`:
    trust_code, trust_name and alliance_code of every provider, since a trust that treats may diagnose nobody. A hidden trust
    has a row without numbers, state `hidden`.
    """
    audit = released[(released["period_kind"] == AUDIT_PERIOD) & (released["subgroup"] == "all")]
    trusts = audit[audit["level"] == "trust"]
    directions = dict(definitions[["indicator", "direction"]].itertuples(index=False))
    targets = _targets(audit)
    spans = dict(trusts[["indicator", "period"]].itertuples(index=False))
    names = providers.drop_duplicates("trust_code").set_index("trust_code")[["trust_name", "alliance_code"]]
    parts = []
    for (name, kind), of in comparison.groupby(["indicator", "comparison"], sort=True):
        if kind == ADJUSTED and policy.adjusted_rates == "not released":
            continue
        here = trusts[trusts["indicator"] == name].set_index("unit_code")
        if kind == BY_TREATING:
            table = _by_treating(of, policy)
        else:
            table = here[["numerator", "denominator"]].astype(float)
            table = table.reindex(sorted(set(table.index) | set(of["trust_code"])))
        of_trust = of.set_index("trust_code")
        table["expected"] = of_trust["expected"].reindex(table.index)
        table["complete"] = of_trust["complete"].reindex(table.index)
        rows = _drawn(table, str(name), str(kind), directions[str(name)], targets)
        if kind == ADJUSTED and policy.mode != "none":
            rows = _to_be_read(rows)
        rows["period"] = spans.get(name, "")
        parts.append(rows)
    if not parts:
        return pd.DataFrame(columns=pd.Index(COMPARISON_COLUMNS)).astype(_comparison_types())
    frame = pd.concat(parts, ignore_index=True)
    frame["unit_name"] = frame["trust_code"].map(names["trust_name"].to_dict())
    frame["alliance_code"] = frame["trust_code"].map(names["alliance_code"].to_dict())
    frame["policy"] = policy.id
    return frame[COMPARISON_COLUMNS].astype(_comparison_types()).sort_values(KEYS, ignore_index=True)


def _targets(audit: pd.DataFrame) -> pd.DataFrame:
    """Indicator to the counts that trusts are compared with: of both nations, else of the nations whose two counts are both
    shown. A denominator without its numerator would bring people without their outcomes."""
    whole = audit[audit["level"].isin(["both_nations", "nation"])].dropna(subset=["numerator", "denominator"])
    both = whole[whole["level"] == "both_nations"]
    others = whole[~whole["indicator"].isin(both["indicator"])]
    return pd.concat([both, others]).groupby("indicator")[["numerator", "denominator"]].sum().astype(float)


def trusts_missing(released: pd.DataFrame, comparison: pd.DataFrame, policy: Policy) -> int:
    """How many compared trusts have no row in the released comparison, shown or hidden."""
    wanted: Any = comparison
    if policy.adjusted_rates == "not released":
        wanted = comparison[comparison["comparison"] != ADJUSTED]
    there: Any = pd.MultiIndex.from_frame(released[KEYS].astype(object))
    return int((~pd.MultiIndex.from_frame(wanted[KEYS].astype(object)).isin(there)).sum())


def _comparison_types() -> dict[str, str]:
    return dict.fromkeys(COMPARISON_COLUMNS, "string") | dict.fromkeys(_NUMBERS, "float64")


def _drawn(
    table: pd.DataFrame, indicator: str, comparison: str, direction: Any, targets: pd.DataFrame
) -> pd.DataFrame:
    """The funnel of the trusts that may be shown, and a row without numbers for each other."""
    seen = table["numerator"].notna() & (table["denominator"] > 0)
    if comparison == ADJUSTED:
        seen &= table["expected"].notna() & (table["expected"] <= table["denominator"])
    elif not targets["denominator"].to_dict().get(indicator):
        seen &= False  # the nation itself is hidden
    shown, widened = table[seen], indicator not in EXACT_ONLY
    parts = []
    if len(shown):
        given: dict[str, Any] = {
            "direction": direction,
            "adjust_overdispersion": widened,
            **completeness_given(shown.index, shown["complete"]),
        }
        codes, top, bottom = shown.index.to_numpy(), shown["numerator"], shown["denominator"]
        top = np.minimum(top, bottom)  # rounded apart, a numerator can exceed its denominator
        funnel: Funnel
        if comparison == ADJUSTED:
            funnel = ratio_funnel(codes, top, shown["expected"], denominator=bottom, **given)
        else:
            target = targets["numerator"].to_dict()[indicator] / targets["denominator"].to_dict()[indicator]
            funnel = proportion_funnel(codes, top, bottom, target=target, **given)
        parts.append(funnel.table.rename(columns={"provider": "trust_code"}).assign(suppressed=""))
    hidden = pd.DataFrame({"trust_code": table.index[~seen].to_numpy()})
    parts.append(hidden.assign(state=_UNSEEN, suppressed=HIDDEN))
    rows = pd.concat([part for part in parts if len(part)], ignore_index=True)
    rows = rows.reindex(columns=["trust_code", *_NUMBERS, *_STATES, "suppressed"])
    rows[_STATES] = rows[_STATES].astype(object).fillna("")
    return rows.assign(indicator=indicator, comparison=comparison)


def _to_be_read(rows: pd.DataFrame) -> pd.DataFrame:
    """An adjusted funnel with its figures as they are printed; its states are those of the figures in full.

    A sum of predicted risks at full precision could be taken apart into people, and ratio, limits and tails are the
    same sum in other words: one decimal of the expected number, two of ratio and limits, two digits of a tail. Tails are
    cut, not rounded, so that none crosses 2.5% or 0.1% on the way.
    """
    limits = [name for name in _NUMBERS if "lower" in name or "upper" in name]
    printed = {"expected": rows["expected"].round(1)}
    printed |= {name: rows[name].round(2) for name in ("value", *limits)}
    return rows.assign(**printed, **{name: _two_digits(rows[name]) for name in ("p_low", "p_high")})


def _two_digits(values: pd.Series) -> FloatArray:
    """Each value cut after its second significant digit."""
    exact = values.to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = 10.0 ** (np.floor(np.log10(exact)) - 1)
        cut = np.floor(exact / unit * (1 + 1e-12)) * unit
    # Without this 0.029 is 0.028999999999999998; a tail that underflows has no digits to cut.
    texts = [f"{value:.1e}" for value in np.where(exact > 0, cut, exact)]
    return np.array([float(text) for text in texts])


def _by_treating(rows: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Counts by treating trust that may be shown: a list of trusts whose sum is taken as known.

    These sets of people are in no other released table, so they are protected by themselves.
    """
    top, bottom = rows["numerator"].to_numpy(dtype=float), rows["denominator"].to_numpy(dtype=float)
    index = pd.Index(rows["trust_code"])
    if policy.mode == "none":
        return pd.DataFrame({"numerator": top, "denominator": bottom}, index=index)

    def small(values: FloatArray) -> BoolArray:
        return (values > 0) & (values < policy.smallest_shown)

    hide_bottom = _list_hidden(bottom, np.full_like(bottom, np.inf), small(bottom), policy)
    few = small(top) | small(bottom - top) | hide_bottom
    hide_top = _list_hidden(top, bottom, few, policy) | hide_bottom
    if policy.mode == "round":
        top, bottom = rounded(top, policy), rounded(bottom, policy)
    return pd.DataFrame(
        {"numerator": np.where(hide_top, np.nan, top), "denominator": np.where(hide_bottom, np.nan, bottom)},
        index=index,
    )


def _list_hidden(values: FloatArray, ceiling: FloatArray, few: BoolArray, policy: Policy) -> BoolArray:
    """What to hide of a list whose sum is known, so that each small value has the range the policy asks for."""
    if not few.any() or not policy.secondary:
        return few
    count = len(values)
    sums: Any = sparse.csr_matrix(np.concatenate([np.eye(count), np.ones((1, count))]))
    needed = np.where(few, np.minimum(ceiling, policy.needed_range), 0.0)
    result = protect(
        Table(
            sums,
            values,
            ceiling,
            np.append(needed, 0.0),
            np.append(few, False),
            np.append(np.ones(count), np.inf),
        )
    )
    return result.hidden[:-1] | (result.unprotected.any() & np.ones(count, dtype=bool))


def released_series(released: pd.DataFrame, definitions: pd.DataFrame) -> pd.DataFrame:
    """Run charts of nation and Alliances by quarter, of trusts by rolling four quarters (SERIES_COLUMNS).

    Computed from the shown counts; a hidden point has no value and takes no part in centre, limits or rules. A trust's
    years overlap, so the rules for special cause are not applied to them.
    """
    directions = dict(
        definitions[definitions["measure"] == "proportion"][["indicator", "direction"]].itertuples(
            index=False
        )
    )
    wanted = released[
        (released["subgroup"] == "all")
        & released["indicator"].isin(list(directions))
        & (
            ((released["level"] != "trust") & (released["period_kind"] == QUARTER))
            | ((released["level"] == "trust") & (released["period_kind"] == ROLLING))
        )
    ].sort_values("period_end")
    wanted = wanted.reset_index(drop=True)
    seen = (wanted["numerator"].notna() & wanted["denominator"].notna()).to_numpy()
    bottom = np.where(seen, wanted["denominator"].to_numpy(dtype=float, na_value=0.0), 0.0)
    top = np.minimum(np.where(seen, wanted["numerator"].to_numpy(dtype=float, na_value=0.0), 0.0), bottom)
    significance = float(value_of("laney_significance"))
    rows: list[Any] = []
    charts: list[Columns] = []
    series: Any = wanted.groupby(["indicator", "level", "unit_code"], sort=True).indices
    for (name, level, _unit), places in series.items():
        # Successive years of a trust share three quarters: how far they move says nothing about chance.
        asked = 0.0 if level == "trust" else significance
        chart = dashboard_columns(top[places], bottom[places], directions[str(name)], asked)
        chart["moving_average"] = np.where(seen[places], chart["moving_average"], np.nan)
        if level == "trust":
            chart["special_cause"] = np.zeros(len(places), dtype=bool)
            chart["variation"] = np.full(len(places), OVERLAPPING, dtype=object)
            chart["moving_average"] = np.full(len(places), np.nan)
            chart["sigma_z"] = np.full(len(places), np.nan)
        rows.append(places)
        charts.append(chart)
    kinds = dict.fromkeys(SERIES_COLUMNS, "string")
    kinds |= dict.fromkeys(
        ["numerator", "denominator", "value", "centre", "lower", "upper", "sigma_z", "moving_average"],
        "float64",
    )
    kinds |= {"special_cause": "bool", "period_end": "datetime64[us]"}
    if not charts:
        return pd.DataFrame(columns=pd.Index(SERIES_COLUMNS)).astype(kinds)
    frame = wanted.iloc[np.concatenate(rows)].reset_index(drop=True)
    for column in (
        "value",
        "centre",
        "lower",
        "upper",
        "sigma_z",
        "limits",
        "moving_average",
        "special_cause",
        "variation",
    ):
        frame[column] = np.concatenate([chart[column] for chart in charts])
    return frame[SERIES_COLUMNS].astype(kinds)
