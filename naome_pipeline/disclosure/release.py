"""The released table of indicators: every published cell, shown, rounded or hidden as the policy in force says.

What belongs here: from tables of people to the released table, and the figures its gate judges. What does not: which
cells to hide (`control.py`), what was shown before (`naome_pipeline/ledger.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from naome_pipeline.disclosure.attack import BoolArray, FloatArray
from naome_pipeline.disclosure.control import DisclosureControl
from naome_pipeline.disclosure.counts import ALLIANCE, LEVELS, NATIONAL, TRUST, Marks, rounded
from naome_pipeline.disclosure.national import NationalRows, hidden_denominators, hidden_numerators
from naome_pipeline.disclosure.outside import OutsideAttack, Recovered
from naome_pipeline.disclosure.outside_families import FamilyAttack
from naome_pipeline.disclosure.policy import Policy
from naome_pipeline.disclosure.relations import ALL, Periods, Population
from naome_pipeline.indicators.registry import Registry
from naome_pipeline.indicators.reporting_periods import QUARTER
from naome_pipeline.statistics.intervals import wilson_interval

KEYS = ["indicator", "period_kind", "period", "level", "unit_code", "subgroup"]
BOTH_NATIONS = "both_nations"
NATIONAL_LEVELS = ("nation", BOTH_NATIONS)
HIDDEN = "hidden to protect people"
COLUMNS = [
    "indicator", "period_kind", "period", "period_end", "level", "unit_code", "unit_name", "alliance_code", "nation",
    "subgroup", "denominator", "numerator", "proportion", "lower", "upper", "median_days", "lower_quartile_days",
    "upper_quartile_days", "suppressed", "policy",
]  # fmt: skip
DAYS = ["median_days", "lower_quartile_days", "upper_quartile_days"]


@dataclass(frozen=True)
class CountedTables:
    """What the release is made of: aggregate counts, the people behind them, and names."""

    indicator_counts: pd.DataFrame
    person_facts: pd.DataFrame
    person_indicators: pd.DataFrame
    person_subgroups: pd.DataFrame
    reporting_periods: pd.DataFrame
    providers: pd.DataFrame


def released_and_attacked(
    tables: CountedTables, shown: pd.DataFrame, registry: Registry, policy: Policy
) -> tuple[pd.DataFrame, dict[str, float | None]]:
    """The table as it is published, and the figures that its gate judges. `shown`: what earlier releases have shown."""
    control = control_of(tables, registry, policy)
    know(control, shown)
    unprotected = control.decide()
    released = released_frame(tables, control, shown)
    return released, gate_figures(released, tables.indicator_counts, control, len(unprotected))


def control_of(tables: CountedTables, registry: Registry, policy: Policy) -> DisclosureControl:
    """Disclosure control over the counts of a release, before anything is decided."""
    counts = tables.indicator_counts
    periods = Periods.of(tables.reporting_periods)
    wanted = set(counts["indicator"])
    # The recurrent cohort is counted for the nation only, which is exempt.
    names = [n for n, entry in registry.indicators.items() if n in wanted and entry.cohort == "de_novo"]
    groups = [ALL, *sorted(set(counts["subgroup"]) - {ALL})]
    starts = np.sort(tables.reporting_periods["quarter_start"].unique())
    proportions = [n for n in names if registry.indicators[n].measure == "proportion"]
    values: Any = tables.person_indicators
    # A duration has no numerator: nobody's one day is to be counted as a yes.
    values = values.assign(value=values["value"].where(values["indicator"].isin(proportions), 0.0))
    population = Population.of(
        tables.person_facts, values, tables.person_subgroups, list(starts), names, groups
    )
    # Only of those: an indicator that is not among the names has no place, and must not be given the last one.
    there = counts.loc[
        counts["indicator"].isin(names), ["indicator", "period_kind", "period"]
    ].drop_duplicates()
    eligible = np.zeros((len(names), len(periods.table)), dtype=bool)
    place: Any = periods.table.reset_index().merge(there, on=["period_kind", "period"])
    eligible[pd.Index(names).get_indexer(place["indicator"]), place["index"].to_numpy()] = True
    of_both = np.isin(names, counts.loc[counts["level"] == BOTH_NATIONS, "indicator"].unique())
    return DisclosureControl(population, periods, eligible, registry, policy, of_both)


def know(control: DisclosureControl, shown: pd.DataFrame) -> None:
    """Tell the control what earlier releases have shown: cells whose value then is their value now.

    `shown`: KEYS, numerator, denominator (missing where it was hidden).
    """
    if shown.empty:
        return
    population, nations = control.population, control.nations_and_both.astype(float)
    units = {TRUST: pd.Index(population.trusts), ALLIANCE: pd.Index(population.alliances)}
    of_nation = np.array([[name == nation for name in population.nation] for nation in control.nations])
    for level in (*LEVELS, NATIONAL):
        rows: Any = shown[shown["level"].isin(NATIONAL_LEVELS if level == NATIONAL else (level,))]
        places = _national_places(control, rows)
        if level != NATIONAL:
            places[2] = units[level].get_indexer(rows["unit_code"])
        inside = ((places >= 0) & (places < np.array(control.shapes[level])[:, None])).all(axis=0)
        at = tuple(places[:, inside])
        for known, truth, column in (
            (control.known.numerator, control.numerators, "numerator"),
            (control.known.denominator, control.denominators, "denominator"),
        ):
            counted = (nations @ of_nation) @ truth[ALLIANCE] if level == NATIONAL else truth[level]
            same = rows[column].to_numpy(dtype=float, na_value=np.nan)[inside] == counted[at]
            known[level][tuple(part[same] for part in at)] = True


def released_frame(
    tables: CountedTables, control: DisclosureControl, shown: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The table as it is published (COLUMNS). A hidden cell keeps its row without numbers, below the nations also where
    nobody was counted: a missing row would say so. `shown`: as in `know`."""
    policy, counts = control.policy, tables.indicator_counts
    parts = [_national_cells(control, counts, shown)]
    parts += [_cells(control, level) for level in LEVELS]
    cells = pd.concat(parts, ignore_index=True)[[*KEYS, "hide_numerator", "hide_denominator"]]
    ends = tables.reporting_periods[["period_kind", "period", "period_end"]].drop_duplicates()
    frame: Any = cells.merge(ends, on=["period_kind", "period"], how="left").merge(
        counts[[*KEYS, "numerator", "denominator", *DAYS]], on=KEYS, how="left"
    )
    frame["denominator"] = frame["denominator"].fillna(0)
    frame = frame[(frame["denominator"] > 0) | frame["hide_denominator"]].reset_index(drop=True)
    frame = _named(frame, tables.providers)
    if policy.mode == "round":
        _round(frame, policy)
    top = frame["numerator"].astype(float).where(~frame["hide_numerator"])
    bottom = frame["denominator"].astype(float).where(~frame["hide_denominator"])
    frame["numerator"], frame["denominator"] = top.astype("Int64"), bottom.astype("Int64")
    # Percentages and intervals come from the two numbers beside them and from nothing else.
    computed = (top.notna() & (bottom > 0)).to_numpy()
    lower, upper = wilson_interval(np.where(computed, top, 0), np.where(computed, bottom, 1))
    frame["proportion"] = np.where(computed, top / bottom, np.nan)
    frame["lower"], frame["upper"] = np.where(computed, lower, np.nan), np.where(computed, upper, np.nan)
    for column in DAYS:
        frame[column] = frame[column].astype(float).where(~frame["hide_denominator"])
    whole = frame["hide_numerator"] | frame["hide_denominator"]
    frame["suppressed"] = np.where(whole, HIDDEN, "")
    frame["policy"] = policy.id
    texts = dict.fromkeys(
        ["indicator", "period_kind", "period", "level", "unit_code", "unit_name", "alliance_code"], "string"
    )
    texts |= dict.fromkeys(["nation", "subgroup", "suppressed", "policy"], "string")
    return frame[COLUMNS].astype(texts)


def _national_cells(
    control: DisclosureControl, counts: pd.DataFrame, shown: pd.DataFrame | None
) -> pd.DataFrame:
    """Every national row with its marks."""
    rows: Any = counts[counts["level"].isin(NATIONAL_LEVELS)].reset_index(drop=True)
    top, bottom = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    places = _national_places(control, rows)
    inside = (places >= 0).all(axis=0)
    at = tuple(places[:, inside])
    top[inside], bottom[inside] = (
        control.marks.numerator[NATIONAL][at],
        control.marks.denominator[NATIONAL][at],
    )
    # The recurrent cohort is counted for the nations only; the control does not know its people.
    others: Any = rows[~inside]
    for _, of in others.groupby(["indicator", "subgroup"]):
        places = _national_places(control, of)
        known = _shown_alike(of, shown)
        top[of.index], bottom[of.index] = _hidden_of_others(control, of, places[2], places[3], known)
    days = rows["numerator"].isna().to_numpy()
    return rows[KEYS].assign(hide_numerator=top & ~days, hide_denominator=bottom)


def _national_places(control: DisclosureControl, rows: Any) -> Any:
    """Place of each national row in the marks: indicator, subgroup, nation or both, period; -1 where there is none."""
    population, both = control.population, len(control.nations)
    spans = pd.MultiIndex.from_frame(control.periods.table[["period_kind", "period"]])
    unit = pd.Index(control.nations).get_indexer(rows["unit_code"])
    return np.stack([
        pd.Index(population.indicators).get_indexer(rows["indicator"]),
        pd.Index(population.subgroups).get_indexer(rows["subgroup"]),
        np.where(rows["level"] == BOTH_NATIONS, both, unit),
        spans.get_indexer(pd.MultiIndex.from_frame(rows[["period_kind", "period"]])),
    ])  # fmt: skip


def _shown_alike(rows: Any, shown: pd.DataFrame | None) -> tuple[BoolArray, BoolArray]:
    """Of which rows an earlier release has shown the numerator and the denominator they have now."""
    if shown is None or shown.empty:
        return np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    found = []
    for column in ("numerator", "denominator"):
        types = dict.fromkeys(KEYS, object) | {column: float}
        cells = pd.MultiIndex.from_frame(rows[[*KEYS, column]].astype(types))
        before = shown.loc[shown[column].notna(), [*KEYS, column]].astype(types)
        found.append(cells.isin(pd.MultiIndex.from_frame(before)))
    return found[0], found[1]


def _hidden_of_others(
    control: DisclosureControl, rows: Any, unit: Any, period: Any, shown: tuple[BoolArray, BoolArray]
) -> tuple[BoolArray, BoolArray]:
    """Which numerators and denominators are hidden of national rows whose people the control does not know: those of one
    indicator and subgroup, whose quarters say how many people there are. `shown`: of which an earlier release has shown
    each."""
    units, kinds = control.nations_and_both, np.asarray(control.periods.table["period_kind"])
    published = np.zeros((len(units), len(kinds)), dtype=bool)
    published[unit, period] = True
    people, inside = (
        _of_quarters(control, rows[c].to_numpy(dtype=float, na_value=0.0), unit, period)
        for c in ("denominator", "numerator")
    )
    # A period in which nobody was counted has no row.
    published |= (kinds == QUARTER) & published.any(axis=1, keepdims=True)
    known = np.zeros((2, *published.shape), dtype=bool)
    known[:, unit, period] = shown
    of = NationalRows(units, people, published, control.periods, known[1], known[0])
    bottom = hidden_denominators(of, control.policy)
    top = hidden_numerators(of, inside, bottom, control.policy)
    return top[unit, period], bottom[unit, period]


def _of_quarters(control: DisclosureControl, values: FloatArray, unit: Any, period: Any) -> FloatArray:
    """Nations × quarters, from the rows of quarters."""
    found = np.zeros((len(control.nations), control.periods.quarters.shape[1]))
    quarter = control.periods.quarters.argmax(axis=1)
    single = np.asarray(control.periods.table["period_kind"] == QUARTER)[period] & (
        unit < len(control.nations)
    )
    found[unit[single], quarter[period[single]]] = values[single]
    return found


def _cells(control: DisclosureControl, level: str) -> pd.DataFrame:
    """Every published cell of a level with its marks; pseudo-units (trusts without an Alliance) are not published."""
    population, shape = control.population, control.shapes[level]
    units = population.trusts if level == TRUST else population.alliances
    published = np.stack([control.published(level, s) for s in range(shape[1])], axis=1)
    counted = control.denominators[level] > 0
    bottom, top = control.marks.denominator[level], control.marks.numerator[level]
    real = np.ones(len(units), dtype=bool) if level == TRUST else ~population.unnamed
    i, s, u, p = np.nonzero(published[:, :, None, :] & (counted | bottom) & real[None, None, :, None])
    table = control.periods.table
    days = np.array(
        [control.registry.indicators[n].measure == "days" for n in population.indicators], dtype=bool
    )
    return pd.DataFrame({
        "indicator": np.array(population.indicators, dtype=object)[i],
        "period_kind": table["period_kind"].to_numpy()[p],
        "period": table["period"].to_numpy()[p],
        "level": level,
        "unit_code": np.array(units, dtype=object)[u],
        "subgroup": np.array(population.subgroups, dtype=object)[s],
        "hide_numerator": top[i, s, u, p] & ~days[i],
        "hide_denominator": bottom[i, s, u, p],
    })  # fmt: skip


def _named(frame: Any, providers: Any) -> pd.DataFrame:
    trusts = (
        providers[["trust_code", "trust_name", "alliance_code", "nation"]]
        .drop_duplicates("trust_code")
        .set_index("trust_code")
    )
    alliances = (
        providers.dropna(subset="alliance_code").drop_duplicates("alliance_code").set_index("alliance_code")
    )
    trust, alliance = frame["level"] == TRUST, frame["level"] == ALLIANCE
    code = frame["unit_code"]
    names: Any = trusts["trust_name"].to_dict()
    frame["unit_name"] = code.where(~trust, code.map(names)).where(
        ~alliance, code.map(alliances["alliance_name"].to_dict())
    )
    frame["alliance_code"] = code.map(trusts["alliance_code"].to_dict()).where(trust)
    frame["nation"] = code.where(~trust, code.map(trusts["nation"].to_dict())).where(
        ~alliance, code.map(alliances["nation"].to_dict())
    )
    return frame


def _round(frame: Any, policy: Policy) -> None:
    inside = ~frame["level"].isin(policy.exempt_levels)
    for column in ("numerator", "denominator"):
        values = frame[column].astype(float)
        known = inside & values.notna()
        frame[column] = values.where(~known, rounded(values.fillna(0).to_numpy(), policy))


def gate_figures(
    released: pd.DataFrame, counts: pd.DataFrame, control: DisclosureControl, unprotected: int
) -> dict[str, float | None]:
    """Attack a released table as it stands; the figures that its gate judges.

    `control` has the counts behind the table and what earlier releases have shown; its own decision is not used.
    """
    control.marks = marks_from(released, control)
    found = control.attack()
    seen = Recovered()
    if control.policy.mode != "none":
        outside = OutsideAttack(released, control)
        seen = outside.run(control.proofs)
        FamilyAttack(outside.read, control).run(seen)
    whole = (counts["level"] == "nation") | (counts["subgroup"] == ALL)
    wanted = counts[whole & ((counts["level"] != TRUST) | (counts["period_kind"] != QUARTER))][KEYS]
    missing = len(wanted) - len(wanted.merge(released[KEYS].astype(object), on=KEYS))
    return {
        "cells_missing": float(missing),
        **_national_figures(released, counts, control),
        "sensitive_cells": float(found.sensitive),
        "attacked_cells": float(seen.hidden),
        "narrow_cells": float(found.narrow + seen.narrow),
        "recoverable_cells": float(found.exact + seen.exact),
        "already_public_cells": float(found.public),
        "unprotected_cells": float(unprotected),
    }


def _national_figures(
    released: pd.DataFrame, counts: pd.DataFrame, control: DisclosureControl
) -> dict[str, float | None]:
    """National rows that show something else than what was counted, and those hidden without anything to protect: where nothing
    that counts the same people, nor a relative, has a row about very few people."""
    rows: Any = released[released["level"].isin(NATIONAL_LEVELS)][
        [*KEYS, "denominator", "numerator", "suppressed"]
    ]
    true: Any = counts[counts["level"].isin(NATIONAL_LEVELS)]
    both = rows.astype(dict.fromkeys(KEYS, object)).merge(true[[*KEYS, "denominator", "numerator"]], on=KEYS)
    changed = 0
    for name in ("denominator", "numerator"):
        shown = both[f"{name}_x"].notna().to_numpy()
        changed += int(
            (both[f"{name}_x"][shown].astype(float) != both[f"{name}_y"][shown].astype(float)).sum()
        )
    few = both[both["denominator_y"].between(1, control.policy.fewest_people - 1)]
    about = set(few[["indicator", "subgroup"]].itertuples(index=False, name=None))
    hidden = both.loc[both["suppressed"] != "", ["indicator", "subgroup"]].drop_duplicates()
    needless = [
        place
        for place in hidden.itertuples(index=False, name=None)
        if not _relatives(control, *place) & about
    ]
    return {"nation_changed": float(changed), "nation_hidden_needlessly": float(len(needless))}


def _relatives(control: DisclosureControl, name: str, subgroup: str) -> set[tuple[str, str]]:
    """The indicators and subgroups whose national rows may be hidden for those of one, or the other way round."""
    names, groups = control.population.indicators, control.population.subgroups
    if name not in names:  # the recurrent cohort, which has no relatives
        return {(name, subgroup)}
    s = groups.index(subgroup)
    family = next(family for family in control.families if names.index(name) in family)
    return {(names[j], groups[t]) for i in family for j, t in control.alike[i, s]}


def marks_from(released: pd.DataFrame, control: DisclosureControl) -> Marks:
    """The marks that a released table amounts to: what the attack is to find hidden there."""
    marks = control.no_marks()
    population = control.population
    spans = pd.MultiIndex.from_frame(control.periods.table[["period_kind", "period"]])
    for level in LEVELS:
        rows: Any = released[released["level"] == level]
        units = pd.Index(population.trusts if level == TRUST else population.alliances)
        at = (
            pd.Index(population.indicators).get_indexer(rows["indicator"]),
            pd.Index(population.subgroups).get_indexer(rows["subgroup"]),
            units.get_indexer(rows["unit_code"]),
            spans.get_indexer(pd.MultiIndex.from_frame(rows[["period_kind", "period"]])),
        )
        days = np.array(
            [control.registry.indicators[n].measure == "days" for n in population.indicators], dtype=bool
        )
        bottom = rows["denominator"].isna().to_numpy()
        marks.denominator[level][at] = bottom
        # A duration has no numerator that could be hidden or shown.
        marks.numerator[level][at] = np.where(days[at[0]], bottom, rows["numerator"].isna().to_numpy())
    national: Any = released[released["level"].isin(NATIONAL_LEVELS)]
    places = _national_places(control, national)
    inside = (places >= 0).all(axis=0)
    marks.denominator[NATIONAL][tuple(places[:, inside])] = national["denominator"].isna().to_numpy()[inside]
    marks.numerator[NATIONAL][tuple(places[:, inside])] = national["numerator"].isna().to_numpy()[inside]
    # Trusts without an Alliance are what is left of the nation: known where every Alliance is shown.
    for place in np.flatnonzero(population.unnamed):
        others = np.array(population.nation) == population.nation[place]
        others[place] = False
        for cells in (marks.numerator[ALLIANCE], marks.denominator[ALLIANCE]):
            cells[:, :, place] = cells[:, :, others].any(axis=2)
    return marks
