"""`python -m benchmarks.drawn_releases`: releases of few people drawn at random, protected, and attacked by their gate.

Where a gate refuses a release that disclosure control has protected, one of the two is mistaken: nothing is published, and no
sender can mend it. Drawn are trusts, Alliances, indicators and subgroups, in half of the releases a second nation without
Alliances that cannot support some of them. What belongs here: drawing releases and counting those that are refused. What does
not: made-up people of a whole nation (`disclosure.py`).

    python -m benchmarks.drawn_releases --releases 100 --first 0

The last line is one JSON object; exit status 1 when a release was refused.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.disclosure import PERIOD, SNAPSHOT, national_population, say
from naome_pipeline import indicators
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.disclosure.relations import Population, families
from naome_pipeline.disclosure.release import CountedTables, released_and_attacked
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.indicators.registry import registry
from naome_pipeline.indicators.reporting_periods import reporting_periods

COUNTS = Path(indicators.__file__).with_name("indicator_counts.sql")
# Figures of the gate that say how much there was, not that something is wrong.
NO_FAULT = ("sensitive_cells", "attacked_cells", "already_public_cells")
JOINT, COMMONLY = 0.5, ("bone", "brain")


def drawn(seed: int) -> CountedTables:
    """The tables of people and counts behind one release."""
    rng = np.random.default_rng(seed)
    alliances = int(rng.integers(2, 7))
    population, _, eligible = national_population(
        trusts=int(rng.integers(alliances, 4 * alliances)), alliances=alliances,
        size=float(np.exp(rng.uniform(np.log(0.1), np.log(5.0)))), seed=seed,
    )  # fmt: skip
    # The recurrent cohort is counted for the nations only.
    names = [n for n in population.indicators if registry().indicators[n].cohort == "de_novo"]
    together = families(registry(), names)
    chosen = [family for family in together if rng.random() < 0.4] or together[:1]
    joint = bool(rng.random() < JOINT)
    english = [name for family in chosen if joint and rng.random() < 0.2 for name in family]
    groups = [
        g for g in population.subgroups if g == "all" or rng.random() < (0.6 if g in COMMONLY else 0.25)
    ]
    if joint:
        nation = (*population.nation[:-1], "Wales")
        population = dataclasses.replace(population, nation=nation)
    return _tables(population, eligible, [name for family in chosen for name in family], english, groups)


def _tables(
    population: Population, eligible: np.ndarray, names: list[str], english: list[str], groups: list[str]
) -> CountedTables:
    spans = reporting_periods(PERIOD, SNAPSHOT.date())
    starts = np.sort(spans["quarter_start"].unique())
    of_alliance = population.alliance[population.trust]
    nation = np.array(population.nation, dtype=object)
    codes = np.array([None if n == "Wales" else a for n, a in zip(nation, population.alliances, strict=True)])
    trusts = np.array(population.trusts, dtype=object)
    people = pd.DataFrame({
        "person_id": [f"P{n:06d}" for n in range(len(population.trust))],
        "nation": nation[of_alliance],
        "alliance_code": codes[of_alliance],
        "trust_code": trusts[population.trust],
        "quarter_start": starts[population.quarter],
    })  # fmt: skip
    measures = {name: registry().indicators[name].measure for name in names}
    facts = []
    for name in names:
        place = population.indicators.index(name)
        inside = population.denominator[:, place] & ((people["nation"] == "England") | (name not in english))
        values = people.loc[inside, ["person_id"]].assign(
            indicator=name, value=population.numerator[inside, place].astype(float)
        )
        facts.append(values.assign(value=30.0) if measures[name] == "days" else values)
    in_groups = [
        people.loc[population.subgroup[:, population.subgroups.index(g)], ["person_id"]].assign(subgroup=g)
        for g in groups
    ]
    periods = spans[["period_kind", "period"]].drop_duplicates().reset_index(drop=True)
    of_indicators = [
        spans.merge(periods[eligible[population.indicators.index(name)]]).assign(indicator=name)
        for name in names
    ]
    nations = sorted(set(people["nation"]))
    tables: dict[str, Any] = {
        "counted_people": people.assign(cohort="de_novo"),
        "person_indicators": pd.concat(facts, ignore_index=True),
        "person_subgroups": pd.concat(in_groups, ignore_index=True),
        "indicator_periods": pd.concat(of_indicators, ignore_index=True),
        "indicator_definitions": pd.DataFrame({
            "indicator": names,
            "measure": [measures[name] for name in names],
            "nations": [", ".join(n for n in nations if n == "England" or name not in english) for name in names],
        }),
    }  # fmt: skip
    with open_connection(EngineSettings()) as connection:
        engine = Engine(connection)
        engine.attach(tables)
        counts = engine.fetch(COUNTS.read_text(encoding="utf-8"))
    at = nation[population.alliance]
    providers = pd.DataFrame({
        "provider_code": trusts, "trust_code": trusts, "trust_name": trusts, "nation": at,
        "alliance_code": codes[population.alliance], "alliance_name": codes[population.alliance],
    })  # fmt: skip
    order = ["indicator", "period_kind", "period_end", "period", "level", "unit_code", "subgroup"]
    return CountedTables(
        counts.sort_values(order, ignore_index=True), people, tables["person_indicators"], tables["person_subgroups"],
        spans, providers,
    )  # fmt: skip


def faults(tables: CountedTables) -> dict[str, float]:
    """The figures for which the gate would refuse this release; `contradiction` where it cannot even read it."""
    try:
        _, figures = released_and_attacked(tables, pd.DataFrame(), registry(), policies()["public"])
    except ValueError as problem:
        say(str(problem))
        return {"contradiction": 1.0}
    return {name: value for name, value in figures.items() if value and name not in NO_FAULT}


def main() -> None:
    """Draw releases one by one; exit status 1 when the gate would refuse one."""
    options = argparse.ArgumentParser(description="Releases drawn at random, protected and attacked.")
    options.add_argument("--releases", type=int, default=100, help="how many")
    options.add_argument("--first", type=int, default=0, help="the seed of the first")
    given = options.parse_args()
    refused, began = [], time.monotonic()
    for seed in range(given.first, given.first + given.releases):
        tables = drawn(seed)
        found = faults(tables)
        if found:
            refused.append(seed)
            say(f"seed {seed}, {len(tables.person_facts)} people: {found}")
    seconds = round(time.monotonic() - began, 1)
    say(json.dumps({"releases": given.releases, "refused": refused, "seconds": seconds}))
    if refused:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
