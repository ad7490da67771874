"""Released tables of a yearly release, made up: two nations, 20 Alliances, 130 trusts and 7 health boards, every measure.

For what a full report looks like, how long it takes, and what it says when parts are missing. The numbers are drawn from a
seed and mean nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naome_pipeline.disclosure.outcomes import COMPARISON_COLUMNS
from naome_pipeline.indicators.registry import registry
from naome_pipeline.statistics.funnel import proportion_funnel
from naome_pipeline.statistics.intervals import wilson_interval
from tests.reports.released_tables import frames

PERIOD, END = "2021 to 2023", pd.Timestamp("2023-12-31")
NATIONS = ("England", "Wales")
BOTH = "England and Wales"
HIDDEN = "hidden to protect people"
YEARS = (2020, 2021, 2022, 2023)
SIZES = {"both_nations": 12_000, "nation": 6_000, "alliance": 500, "trust": 80}
Frames = dict[str, pd.DataFrame]


def annual_frames(
    nations: tuple[str, ...] = NATIONS, seed: int = 1, alliances: int = 20, trusts: int = 130
) -> Frames:
    """Every released table; of one nation, or of a small one, where told so."""
    random = np.random.default_rng(seed)
    names = [n for n, i in registry().indicators.items() if i.measure != "cumulative incidence"]
    rates = dict(zip(names, random.uniform(0.15, 0.92, len(names)), strict=True))
    units = _units(nations, alliances, trusts)
    values = _values(units, rates, random)
    made = frames()
    definitions = made["released_definitions"].assign(
        available=True, status="published", reason="", not_in=""
    )
    definitions["nations"] = ", ".join(nations)
    definitions.loc[definitions["indicator"].isin(["P2", "R1", "C10"]), "status"] = "experimental"
    kind: Any = {"feed": "annual", "period": "2023", "snapshot date": "2025-08-30", "layout": "a + b"}
    provenance = made["provenance"].copy()
    provenance["value"] = provenance["item"].map(kind).fillna(provenance["value"])
    return made | {
        "provenance": provenance,
        "released_definitions": definitions,
        "released_indicators": values,
        "released_comparison": _comparison(values),
        "released_variation": _variation(names, random),
        "released_yearly_change": _yearly(nations, rates, random),
        "released_survival": _survival(nations),
        "released_recurrence_rates": _recurrence(nations),
        "released_recurrence_evidence": _evidence(nations),
        "released_attrition": _attrition(),
    }


def with_worse_outlier(made: Frames) -> Frames:
    """One result of P1 that is a potential outlier on the worse side."""
    compared = made["released_comparison"].copy()
    within = compared[(compared["indicator"] == "P1") & (compared["state"] == "within")].index[0]
    states = ["state", "direction", "overdispersed_state", "overdispersed_direction"]
    compared.loc[within, states] = ["potential outlier", "worse", "alert", "worse"]
    return made | {"released_comparison": compared}


def suppressed(made: Frames, levels: tuple[str, ...] = ("alliance", "trust")) -> Frames:
    """The same release with every count of these levels hidden, and every hospital of the comparison."""
    values, compared = made["released_indicators"].copy(), made["released_comparison"].copy()
    of = values["level"].isin(list(levels))
    values.loc[of, ["numerator", "denominator"]] = pd.NA
    values.loc[of, ["proportion", "lower", "upper", "median_days"]] = np.nan
    values.loc[of, "suppressed"] = HIDDEN
    figures = [c for c in compared.columns if str(compared[c].dtype) == "float64"]
    compared[figures] = np.nan
    compared["state"], compared["direction"], compared["suppressed"] = "hidden", "", HIDDEN
    return made | {"released_indicators": values, "released_comparison": compared}


def without(made: Frames, indicator: str, reason: str = "no data set holds it (tumours.stage)") -> Frames:
    """The same release from deliveries that do not support an indicator."""
    found = dict(made)
    for name, table in made.items():
        if "indicator" in table.columns and name != "released_definitions":
            found[name] = table[table["indicator"] != indicator]
    definitions = made["released_definitions"].copy()
    of = definitions["indicator"] == indicator
    definitions.loc[of, "available"] = False
    definitions.loc[of, ["status", "reason"]] = ["not available in this feed", reason]
    return found | {"released_definitions": definitions}


def _units(nations: tuple[str, ...], alliances: int, trusts: int) -> pd.DataFrame:
    rows: list[tuple] = [("nation", n, n, None, n) for n in nations]
    if len(nations) > 1:
        rows.append(("both_nations", BOTH, BOTH, None, BOTH))
    if "England" in nations:
        rows += [
            (
                "alliance",
                f"E560{n:05d}",
                f"Cancer Alliance of the District of Somewhere {n + 1}",
                None,
                "England",
            )
            for n in range(alliances)
        ]
        rows += [
            ("trust", f"R{n:03d}", f"Hospitals of Somewhere {n + 1} NHS Foundation Trust", f"E560{n % alliances:05d}", "England")
            for n in range(trusts)
        ]  # fmt: skip
    if "Wales" in nations:
        rows += [
            ("trust", f"7A{n}", f"Somewhere {n} University Health Board", None, "Wales") for n in range(7)
        ]
    return pd.DataFrame(
        rows, columns=pd.Index(["level", "unit_code", "unit_name", "alliance_code", "nation"])
    )


def _values(units: pd.DataFrame, rates: dict[str, float], random: np.random.Generator) -> pd.DataFrame:
    groups = [g for g in registry().subgroups if g != "all"]
    whole = units[units["level"].isin(["nation", "both_nations"])]
    places = pd.concat([units.assign(subgroup="all"), *[whole.assign(subgroup=g) for g in groups]])
    table: Any = pd.DataFrame({"indicator": list(rates)}).merge(places, how="cross")
    size = table["level"].map(SIZES) * np.where(table["nation"] == "Wales", 0.06, 1)
    size = size * np.where(table["subgroup"] == "all", 1, 0.2)
    bottom = random.poisson(size) + 3
    spread = np.where(table["level"] == "trust", 0.06, 0.01)
    share = np.clip(table["indicator"].map(rates) + random.normal(0, spread), 0.02, 0.98)
    top = random.binomial(bottom, share)
    small = (table["level"].isin(["alliance", "trust"])) & ((top < 5) | (bottom - top < 5))
    lower, upper = wilson_interval(top, bottom)
    days: Any = table["indicator"].map({n: i.measure == "days" for n, i in registry().indicators.items()})
    table["denominator"] = pd.Series(pd.array(bottom, dtype="Int64"))
    table["numerator"] = pd.Series(pd.array(top, dtype="Int64")).mask(small | days)
    for column, found in (("proportion", top / bottom), ("lower", lower), ("upper", upper)):
        table[column] = np.where(small | days, np.nan, found)
    for column, value in (
        ("median_days", 41.0),
        ("lower_quartile_days", 20.5),
        ("upper_quartile_days", 77.0),
    ):
        table[column] = np.where(days, value, np.nan)
    table["suppressed"] = np.where(small & ~days, HIDDEN, "")
    table["period_kind"], table["period"], table["period_end"], table["policy"] = (
        "audit period",
        PERIOD,
        END,
        "public",
    )
    return table[frames()["released_indicators"].columns.tolist()]


def _comparison(values: pd.DataFrame) -> pd.DataFrame:
    parts = []
    of = values[
        (values["level"] == "trust")
        & values["numerator"].notna()
        & values["indicator"].str.match(r"P\d+(_1y)?$")
    ]
    for name, table in of.groupby("indicator"):
        total = table["numerator"].sum() / table["denominator"].sum()
        funnel = proportion_funnel(
            table["unit_code"].to_numpy(), table["numerator"].astype(float), table["denominator"].astype(float),
            target=total, direction=registry().indicators[str(name)].direction, adjust_overdispersion=name != "P9",
        ).table.rename(columns={"provider": "trust_code"})  # fmt: skip
        names = dict(table[["unit_code", "unit_name"]].itertuples(index=False))
        kinds = ["unadjusted", "risk adjusted"] if name in {"P5", "P6", "P9"} else ["unadjusted"]
        parts += [
            funnel.assign(
                indicator=name, comparison=kind, period=PERIOD, unit_name=funnel["trust_code"].map(names), suppressed="",
                policy="public",
            )
            for kind in kinds
        ]  # fmt: skip
    frame = pd.concat(parts, ignore_index=True).reindex(columns=COMPARISON_COLUMNS)
    texts = [
        "state",
        "direction",
        "overdispersed_state",
        "overdispersed_direction",
        "domain",
        "reason",
        "method",
    ]
    frame[texts] = frame[texts].astype(object).fillna("")
    return frame


def _variation(names: list[str], random: np.random.Generator) -> pd.DataFrame:
    value = 1.1 + random.uniform(0, 0.6, len(names))
    return pd.DataFrame(
        {
            "indicator": names, "measure": "median_odds_ratio", "value": value, "lower": value - 0.08, "upper": value + 0.1,
            "p": 0.001, "trusts": 137, "people": 12_000, "note": "",
        }
    )  # fmt: skip


def _yearly(nations: tuple[str, ...], rates: dict[str, float], random: np.random.Generator) -> pd.DataFrame:
    rows = []
    for name, rate in rates.items():
        for nation in nations:
            before = None
            for year in YEARS:
                bottom = 3_800 if nation == "England" else 230
                value = float(np.clip(rate + random.normal(0, 0.02), 0.02, 0.98))
                change = np.nan if before is None else value - before
                rows.append(
                    (
                        name,
                        nation,
                        year,
                        round(value * bottom),
                        bottom,
                        value,
                        change,
                        change - 0.03,
                        change + 0.03,
                        0.2,
                    )
                )
                before = value
    return pd.DataFrame(rows, columns=frames()["released_yearly_change"].columns)


def _survival(nations: tuple[str, ...]) -> pd.DataFrame:
    whole: list[tuple[str, str]] = [("nation", n) for n in nations]
    whole += [("both_nations", BOTH)] if len(nations) > 1 else []
    rows = [
        {
            "level": level, "unit_code": unit, "subgroup": group, "people": 900 + 10 * n, "deaths": 400, "time": float(time),
            "survival": value - n / 100, "lower": value - n / 100 - 0.02, "upper": value - n / 100 + 0.02,
        }
        for n, group in enumerate(registry().subgroups)
        for level, unit in whole
        for time, value in ((365, 0.68), (1096, 0.42), (1826, 0.3))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _recurrence(nations: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "nation": nation, "certainty": certainty, "year": year, "people": 26_000, "recurred": 100 * year,
                "incidence": 0.012 * year, "lower": 0.012 * year - 0.002,
                "upper": 0.012 * year + 0.002, "died_before": 0.01 * year,
            }
            for nation in nations
            for certainty in ("any", "definite")
            for year in (1, 2, 3, 5, 8, 10)
        ]
    )  # fmt: skip


def _evidence(nations: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"nation": nation, "certainty": c, "source": s, "people": n, "found_by_one_source_only": n}
            for nation in nations
            for c, n in (("definite", 410), ("possible", 2_310), ("probable", 1_870))
            for s in ("any", "hospital_diagnosis")
        ]
    )


def _attrition() -> pd.DataFrame:
    titles = (
        "Tumour rows delivered", "Unusable rows put in quarantine", "Not an invasive breast tumour",
        "Later breast tumours of the same person", "Age not recorded, or under 18", "Known from a death certificate only",
        "Not diagnosed in an NHS hospital of England or Wales", "Date of death before the date of diagnosis",
        "Diagnosed outside the reported quarters", "No evidence of distant spread at diagnosis",
    )  # fmt: skip
    removed = [0, 4_200, 31_000, 22_000, 300, 5_100, 7_700, 12, 390_000, 156_000]
    left = 640_000 - np.cumsum(removed)
    return pd.DataFrame(
        {
            "step": range(1, len(titles) + 1), "unit": ["rows"] * 3 + ["people"] * 7, "title": titles, "removed": removed,
            "remaining": left,
        }
    )  # fmt: skip
