"""A joint release made up: England with two Alliances and three trusts, Wales with two health boards, and both together.

The numbers are drawn from a seed and mean nothing; totals are the sums of their parts. Wales has no D5, as its records do
not hold what the indicator needs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naome_pipeline.disclosure.outcomes import released_series
from naome_pipeline.statistics.intervals import wilson_interval
from tests.reports import outcome_tables
from tests.reports.released_tables import frames

BOTH = "England and Wales"
INDICATORS = ("P1", "P5", "P8", "D5", "D7")
ONLY_ENGLAND = "D5"
LACKING = "the date of the multidisciplinary team meeting is not delivered (cosd.mdt_dates)"
NATIONS = {"England": 1.0, "Wales": 0.1}
# code: name, nation, Alliance
PROVIDERS = {
    "RAA": ("Northern Trust", "England", "E56000001"),
    "RBB": ("Middle Trust", "England", "E56000001"),
    "RCC": ("Southern Trust", "England", "E56000002"),
    "7A1": ("Northern Health Board", "Wales", None),
    "7A2": ("Southern Health Board", "Wales", None),
}
ALLIANCES = {"E56000001": "North", "E56000002": "South"}
QUARTERS = [f"{year} Q{quarter}" for year in (2022, 2023, 2024) for quarter in (1, 2, 3, 4)]


def _periods() -> pd.DataFrame:
    ends = pd.date_range("2022-03-31", periods=len(QUARTERS), freq="QE")
    rows = [("quarter", label, end) for label, end in zip(QUARTERS, ends, strict=True)]
    rows += [
        ("rolling four quarters", f"{QUARTERS[q - 3]} to {QUARTERS[q]}", ends[q])
        for q in range(3, len(QUARTERS))
    ]
    rows.append(("audit period", "2022 to 2024", ends[-1]))
    return pd.DataFrame(rows, columns=pd.Index(["period_kind", "period", "period_end"]))


def _counts(seed: int) -> Any:
    """Providers of every indicator and period, and the sums of Alliances, nations and both."""
    random = np.random.default_rng(seed)
    providers = pd.DataFrame(
        [(code, *about) for code, about in PROVIDERS.items()],
        columns=pd.Index(["unit_code", "unit_name", "nation", "alliance_code"]),
    ).assign(level="trust")
    frame: Any = pd.DataFrame({"indicator": list(INDICATORS)}).merge(providers, how="cross")
    frame = frame.merge(_periods(), how="cross")
    frame = frame[(frame["indicator"] != ONLY_ENGLAND) | (frame["nation"] == "England")]
    size = frame["period_kind"].map({"quarter": 15, "rolling four quarters": 60, "audit period": 180})
    frame["denominator"] = random.poisson(size) + 10
    frame["numerator"] = random.binomial(frame["denominator"], 0.6)
    keys = ["indicator", "period_kind", "period", "period_end"]
    counts = ["denominator", "numerator"]
    alliances = frame.dropna(subset="alliance_code").groupby([*keys, "nation", "alliance_code"])[counts].sum()
    alliances = alliances.reset_index().rename(columns={"alliance_code": "unit_code"})
    alliances["unit_name"] = alliances["unit_code"].map(ALLIANCES)
    nations = frame.groupby([*keys, "nation"])[counts].sum().reset_index()
    both = frame[frame["indicator"] != ONLY_ENGLAND].groupby(keys)[counts].sum().reset_index()
    parts = [
        both.assign(level="both_nations", unit_code=BOTH, unit_name=BOTH, nation=None),
        nations.assign(level="nation", unit_code=nations["nation"], unit_name=nations["nation"]),
        alliances.assign(level="alliance"),
        frame[frame["period_kind"] != "quarter"],
    ]
    return pd.concat(parts, ignore_index=True)


def _indicators(seed: int) -> pd.DataFrame:
    frame = _counts(seed)
    lower, upper = wilson_interval(frame["numerator"].to_numpy(), frame["denominator"].to_numpy())
    frame = frame.assign(
        subgroup="all", proportion=frame["numerator"] / frame["denominator"], lower=lower, upper=upper,
        median_days=np.nan, lower_quartile_days=np.nan, upper_quartile_days=np.nan, suppressed="", policy="public",
    )  # fmt: skip
    frame = frame.astype({"denominator": "Int64", "numerator": "Int64"})
    men = frame[frame["level"].isin(["nation"]) & (frame["period_kind"] == "audit period")]
    frame = pd.concat([frame, men.assign(subgroup="men")], ignore_index=True)
    return frame[frames()["released_indicators"].columns.tolist()]


def joint_frames(seed: int = 3) -> dict[str, pd.DataFrame]:
    """Every released table of the joint release."""
    tables, indicators = frames(), _indicators(seed)
    definitions: Any = tables["released_definitions"]
    definitions = definitions[definitions["indicator"].isin([*INDICATORS, "P4"])].copy()
    has = definitions["indicator"].isin(INDICATORS)
    definitions["available"], definitions["reason"] = (
        has,
        np.where(has, "", "HER2 status is not delivered (tumours.her2_status)"),
    )
    definitions["nations"] = np.where(
        has, np.where(definitions["indicator"] == ONLY_ENGLAND, "England", "England, Wales"), ""
    )
    definitions["not_in"] = np.where(definitions["indicator"] == ONLY_ENGLAND, f"Wales: {LACKING}", "")
    units = {BOTH: "both_nations"} | dict.fromkeys(NATIONS, "nation")
    provenance = tables["provenance"].copy()
    for item, value in {"feed": "annual", "period": "2024"}.items():
        provenance.loc[provenance["item"] == item, "value"] = value
    change = tables["revisions"]
    changed = [
        change.assign(level=level, unit_code=code)
        for level, code in (("nation", "Wales"), ("both_nations", BOTH), ("trust", "7A1"))
    ]
    return tables | {
        "released_indicators": indicators,
        "released_series": released_series(indicators, definitions),
        "released_comparison": tables["released_comparison"].head(0),
        "released_definitions": definitions,
        "released_survival": outcome_tables.survival(units),
        "released_treatment_incidence": outcome_tables.treatment(units),
        "released_yearly_change": outcome_tables.yearly_change(["P1"], tuple(NATIONS)),
        "revisions": pd.concat([change, *changed], ignore_index=True),
        "provenance": provenance,
    }


def shown(values: pd.DataFrame, indicator: str, code: str, period: str) -> Any:
    """One released value of everybody."""
    of = values[
        (values["indicator"] == indicator)
        & (values["unit_code"] == code)
        & (values["period"] == period)
        & (values["subgroup"] == "all")
    ]
    assert len(of) == 1
    return of.iloc[0]
