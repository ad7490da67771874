"""Released tables of a nation's size, made up: 130 trusts, 20 Alliances, 16 quarters, every indicator available.

For size, speed and what a full page looks like. The numbers are drawn from a seed and mean nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from naome_pipeline.indicators.registry import registry
from naome_pipeline.statistics.intervals import wilson_interval
from tests.reports import outcome_tables
from tests.reports.released_tables import frames

TRUSTS, ALLIANCES, QUARTERS = 130, 20, 16
HIDDEN = "hidden to protect people"
_LABELS = [f"{2021 + (q + 3) // 4} Q{(q + 3) % 4 + 1}" for q in range(QUARTERS)]
_LIMITS = {"998": 3.09, "95": 1.96}


def _units() -> pd.DataFrame:
    alliances = [f"E560{n:05d}" for n in range(ALLIANCES)]
    trusts = [f"R{n // 26:02d}{chr(65 + n % 26)}" for n in range(TRUSTS)]
    rows = [("nation", "England", "England", None)]
    rows += [("alliance", code, f"Cancer Alliance number {n + 1}", None) for n, code in enumerate(alliances)]
    rows += [
        ("trust", code, f"Hospitals of District {n + 1} NHS Foundation Trust", alliances[n % ALLIANCES])
        for n, code in enumerate(trusts)
    ]
    return pd.DataFrame(rows, columns=pd.Index(["level", "unit_code", "unit_name", "alliance_code"]))


def _periods() -> pd.DataFrame:
    ends = pd.date_range("2021-12-31", periods=QUARTERS, freq="QE")
    rows = [("quarter", label, end, 1) for label, end in zip(_LABELS, ends, strict=True)]
    rows += [
        ("rolling four quarters", f"{_LABELS[q - 3]} to {_LABELS[q]}", ends[q], 4) for q in range(3, QUARTERS)
    ]
    rows += [("audit period", "2022 to 2024", pd.Timestamp("2024-12-31"), 12)]
    return pd.DataFrame(rows, columns=pd.Index(["period_kind", "period", "period_end", "quarters"]))


def _released(seed: int) -> Any:
    random = np.random.default_rng(seed)
    names = list(registry().indicators)
    frame: Any = pd.DataFrame({"indicator": names, "rate": random.uniform(0.1, 0.95, len(names))})
    frame = frame.merge(_units(), how="cross").merge(_periods(), how="cross")
    frame = frame[(frame["level"] != "trust") | (frame["period_kind"] != "quarter")]
    groups = [g for g in registry().subgroups if g != "all"]
    nested = frame[
        (frame["level"] == "nation") | ((frame["level"] == "alliance") & (frame["period"] == "2022 to 2024"))
    ]
    frame = pd.concat(
        [frame.assign(subgroup="all"), *[nested.assign(subgroup=g) for g in groups]], ignore_index=True
    )
    people = (
        frame["quarters"]
        * frame["level"].map({"nation": 1000, "alliance": 50, "trust": 8})
        * np.where(frame["subgroup"] == "all", 1, 0.2)
    )
    bottom = random.poisson(people) + 1
    top = random.binomial(bottom, np.clip(frame["rate"] + random.normal(0, 0.04, len(frame)), 0.01, 0.99))
    small = (frame["level"] != "nation") & ((top < 5) | (bottom - top < 5))
    lower, upper = wilson_interval(top, bottom)
    frame["denominator"] = pd.array(bottom, dtype="Int64")
    frame["numerator"] = pd.Series(pd.array(top, dtype="Int64")).mask(small)
    for column, values in (("proportion", top / bottom), ("lower", lower), ("upper", upper)):
        frame[column] = np.where(small, np.nan, values)
    days: Any = frame["indicator"].map({n: i.measure == "days" for n, i in registry().indicators.items()})
    frame.loc[days, ["proportion", "lower", "upper"]] = np.nan
    frame.loc[days, "numerator"] = pd.NA
    for column, value in (
        ("median_days", 40.0),
        ("lower_quartile_days", 20.5),
        ("upper_quartile_days", 77.0),
    ):
        frame[column] = np.where(days, value, np.nan)
    frame["suppressed"] = np.where(small & ~days, HIDDEN, "")
    frame["nation"], frame["policy"] = "England", "public"
    return frame


def _series(released: Any) -> pd.DataFrame:
    kinds = np.where(released["level"] == "trust", "rolling four quarters", "quarter")
    of = released[(released["subgroup"] == "all") & (released["period_kind"] == kinds)].copy()
    of = of[of["median_days"].isna()]
    spread = 3 * np.sqrt(of["rate"] * (1 - of["rate"]) / of["denominator"].astype(float))
    seen = of["proportion"].notna()
    of["value"], of["centre"] = of["proportion"], of["rate"].where(seen)
    of["lower"] = (of["rate"] - spread).clip(0, 1).where(seen)
    of["upper"] = (of["rate"] + spread).clip(0, 1).where(seen)
    of["sigma_z"], of["limits"] = 1.0, "binomial"
    of["moving_average"] = of["value"].where(of["level"] != "trust")
    of["special_cause"] = (
        seen & (of["level"] != "trust") & ((of["value"] > of["upper"]) | (of["value"] < of["lower"]))
    )
    of["variation"] = np.where(of["special_cause"], "concern", "common cause")
    return of[frames()["released_series"].columns.tolist()]


def _comparison(released: Any) -> pd.DataFrame:
    of = released[
        (released["level"] == "trust")
        & (released["period_kind"] == "audit period")
        & released["median_days"].isna()
    ]
    of = of[of["indicator"].str.startswith("P")].rename(columns={"unit_code": "trust_code"})
    parts = []
    for kind, scale in (("unadjusted", 1.0), ("risk adjusted", of["rate"])):
        made = of.assign(
            comparison=kind,
            value=of["proportion"] / scale,
            expected=(of["rate"] * of["denominator"]).round(1),
        )
        made["target"] = made["rate"] / scale
        spread = np.sqrt(made["rate"] * (1 - made["rate"]) / made["denominator"].astype(float)) / scale
        for name, z in _LIMITS.items():
            for wide, more in (("", 1.0), ("overdispersed_", 1.2)):
                made[f"{wide}lower_{name}"] = (made["target"] - more * z * spread).clip(lower=0)
                made[f"{wide}upper_{name}"] = (made["target"] + more * z * spread).clip(upper=1 / scale)
        outside = {
            k: (made["value"] < made[f"lower_{k}"]) | (made["value"] > made[f"upper_{k}"]) for k in _LIMITS
        }
        made["state"] = np.select(
            [made["suppressed"] != "", outside["998"], outside["95"]],
            ["hidden", "potential outlier", "alert"],
            "within",
        )
        made["direction"] = np.where(
            outside["95"], np.where(made["value"] > made["target"], "better", "worse"), ""
        )
        made["overdispersed_state"], made["overdispersed_direction"] = made["state"], made["direction"]
        made["reason"], made["domain"], made["method"] = "", "central mass", "made up"
        parts.append(made)
    frame = pd.concat(parts, ignore_index=True)
    hidden = frame["suppressed"] != ""
    wanted = frames()["released_comparison"].columns.tolist()
    frame = frame.reindex(columns=wanted)
    numbers = [c for c in wanted if c.endswith(("_95", "_998")) or c in {"value", "target", "expected"}]
    frame.loc[hidden, numbers] = np.nan
    frame.loc[hidden, "denominator"] = pd.NA
    return frame


def national_frames(indicators: Collection[str] | None = None, seed: int = 1) -> dict[str, pd.DataFrame]:
    """Every released table at national size, of all indicators or of those named."""
    tables, released = frames(), _released(seed)
    columns = tables["released_indicators"].columns.tolist()
    definitions = tables["released_definitions"].assign(available=True, status="published", reason="")
    change = tables["revisions"]
    if indicators is not None:
        released = released[released["indicator"].isin(indicators)]
        definitions = definitions[definitions["indicator"].isin(indicators)]
    adjusted = definitions.loc[definitions["risk_adjustment"] != "none", "indicator"].tolist()
    changed = pd.concat([change] * 20_000, ignore_index=True)
    sample: Any = released[released["subgroup"] == "all"].sample(
        len(changed), random_state=seed, replace=True
    )
    for column in ("indicator", "period_kind", "period", "level", "unit_code"):
        changed[column] = sample[column].to_numpy()
    return tables | {
        "released_indicators": released[columns],
        "released_series": _series(released),
        "released_comparison": _comparison(released),
        "released_definitions": definitions,
        "revisions": changed,
        "released_survival": outcome_tables.survival({"England": "nation"}, tuple(registry().subgroups)),
        "released_variation": outcome_tables.between_trusts(definitions["indicator"].tolist()),
        "released_factors": outcome_tables.factors(definitions["indicator"].tolist()),
        "released_risk_models": outcome_tables.risk_models([*adjusted, "P9"]),
        "released_yearly_change": outcome_tables.yearly_change(definitions["indicator"].tolist()),
    }
