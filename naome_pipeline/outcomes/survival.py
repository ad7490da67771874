"""Survival of the cohort by nation, Alliance, trust and subgroup.

What belongs here: follow-up times and groups. What does not: the estimator (`statistics/survival.py`).
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from naome_pipeline.outcomes.risk import audit_case_mix, imputed_copies, people_frame, too_few_events
from naome_pipeline.parameters import value_of
from naome_pipeline.statistics.funnel import Minima, ratio_funnel
from naome_pipeline.statistics.risk_adjustment import risk_adjust_survival
from naome_pipeline.statistics.survival import cumulative_incidence, survival_by_group

HORIZONS = ("survival_days_1y", "survival_days_3y", "survival_days_5y")
LATER_HORIZONS = (90, 180, 365)  # days to the first treatment, after the two of the waiting times
TREATED, DIED = 1, 2
BOTH_NATIONS = "both_nations"


def follow_up(facts: pd.DataFrame, followed_to: dt.date) -> pd.DataFrame:
    """Per person: `days` from diagnosis to death or to the end of follow-up, and `died` (1, 0); places carried along.

    Whoever was diagnosed after that end is not followed and left out.
    """
    facts = facts[pd.to_datetime(facts["mbc_date"]) <= pd.Timestamp(followed_to)]
    followed = (pd.Timestamp(followed_to) - pd.to_datetime(facts["mbc_date"])).dt.days
    death = facts["days_to_death"]
    died = death.notna() & (death <= followed)
    return facts[["person_id", "nation", "alliance_code", "trust_code"]].assign(
        days=death.where(died, followed).astype(float), died=died.astype(int)
    )


def survival_estimates(facts: pd.DataFrame, subgroups: pd.DataFrame, followed_to: dt.date) -> pd.DataFrame:
    """Kaplan-Meier estimates at 1, 3 and 5 years, the median, and the restricted mean.

    `facts`: person_facts. Follow-up ends with death or on `followed_to`. Columns: level, unit_code, subgroup, and
    those of `statistics.survival.survival_by_group`; subgroups are given for the nation only.
    """
    table = follow_up(facts, followed_to)
    parts = [
        _by(of_both_nations(table), BOTH_NATIONS, BOTH_NATIONS, "all"),
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


def of_both_nations(table: pd.DataFrame) -> pd.DataFrame:
    """Everybody with the name of the two nations together, nobody when all are of one nation."""
    names = " and ".join(sorted(table["nation"].astype(str).unique()))
    return table.assign(both_nations=names) if table["nation"].nunique() > 1 else table.iloc[:0]


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


def treatment_horizons() -> list[int]:
    """The days by which a first treatment is counted: the two waiting times and later ones."""
    waits = {int(value_of("treatment_wait_short")), int(value_of("treatment_wait_long"))}
    return sorted(waits | set(LATER_HORIZONS))


def treatment_incidence(facts: pd.DataFrame, subgroups: pd.DataFrame, followed_to: dt.date) -> pd.DataFrame:
    """Share of people who have had their first anti-cancer treatment by each of the `treatment_horizons`, death competing.

    `facts`: person_facts. A person who dies untreated never will be treated: such people stay in the denominator, which
    a Kaplan-Meier estimate would take out. Aalen-Johansen estimates; treatment before the diagnosis date counts on
    day 0. Columns: level, unit_code, subgroup, day, people, treated, died_untreated (share by that day), incidence,
    lower, upper. For the nation, its subgroups and the Alliances.
    """
    times = follow_up(facts, followed_to)
    first = facts["days_to_treatment"].reindex(times.index)
    treated = first.notna() & (first <= times["days"])
    horizons = treatment_horizons()
    last_day = float(max(horizons))
    days = first.where(treated, times["days"]).astype(float).clip(upper=last_day)
    beyond = first.where(treated, times["days"]) > last_day
    cause = treated.astype(int) * TREATED + (~treated & (times["died"] == 1)).astype(int) * DIED
    table = times.assign(days=days, cause=cause.where(~beyond, 0))
    both = of_both_nations(table)
    parts = (
        [(BOTH_NATIONS, "all", unit, rows) for unit, rows in both.groupby(BOTH_NATIONS)] if len(both) else []
    )
    parts += [("nation", "all", unit, rows) for unit, rows in table.groupby("nation")]
    parts += [("alliance", "all", unit, rows) for unit, rows in table.groupby("alliance_code")]
    for name, members in subgroups[subgroups["subgroup"] != "all"].groupby("subgroup"):
        inside = table[table["person_id"].isin(set(members["person_id"]))]
        parts += [("nation", str(name), unit, rows) for unit, rows in inside.groupby("nation")]
    found = []
    for level, subgroup, unit, rows in parts:
        curve = cumulative_incidence(rows["days"], rows["cause"], TREATED).at(horizons)
        deaths = cumulative_incidence(rows["days"], rows["cause"], DIED).at(horizons)
        for day, point, lost in zip(horizons, curve.to_dict("records"), deaths["incidence"], strict=True):
            by_then = int(((rows["cause"] == TREATED) & (rows["days"] <= day)).sum())
            found.append(
                (
                    level,
                    unit,
                    subgroup,
                    day,
                    len(rows),
                    by_then,
                    lost,
                    *(point[k] for k in ("incidence", "lower", "upper")),
                )
            )
    columns = [
        "level",
        "unit_code",
        "subgroup",
        "day",
        "people",
        "treated",
        "died_untreated",
        "incidence",
        "lower",
        "upper",
    ]
    kinds = dict.fromkeys(columns[:3], "string") | dict.fromkeys(columns[3:6], "int64")
    kinds |= dict.fromkeys(columns[6:], "float64")
    return pd.DataFrame(found, columns=pd.Index(columns)).astype(kinds)


def survival_comparison(facts: pd.DataFrame, case_mix: pd.DataFrame, followed_to: dt.date) -> pd.DataFrame:
    """Observed deaths of each trust against those expected from a Cox model of its people's case mix.

    Columns: trust_code, and those of `statistics.funnel.Funnel.table` (value: observed / expected deaths; exact Poisson
    limits), with `note`: everything a reader must know about the model. Without enough deaths the table is empty.
    """
    times = follow_up(facts, followed_to)
    assessed = times.assign(indicator="P10", outcome=times["died"])
    frame = people_frame(assessed, case_mix, ["P10"]).merge(times[["person_id", "days"]], on="person_id")
    if times.empty or too_few_events(frame, "P10"):
        return _named(ratio_funnel(["-"], [1], [1.0], direction="lower").table.iloc[:0], "")
    model = risk_adjust_survival(
        frame, imputed_copies(frame, ["P10"]), "days", "P10", "trust_code", audit_case_mix(frame, "P10")
    )
    providers = model.providers
    funnel = ratio_funnel(
        providers["provider"].to_numpy(),
        providers["observed"].to_numpy(),
        providers["expected"].to_numpy(),
        direction="lower",
        denominator=providers["people"].to_numpy(),
        minima=Minima(
            denominator=value_of("funnel_minimum_people"), expected=value_of("funnel_minimum_expected")
        ),
    )
    return _named(funnel.table, "; ".join(dict.fromkeys(model.notes)))


def _named(table: pd.DataFrame, note: str) -> pd.DataFrame:
    named = table.rename(columns={"provider": "trust_code"}).assign(note=note)
    texts = named.select_dtypes("object").columns
    named[texts] = named[texts].fillna("").astype(str)
    return named
