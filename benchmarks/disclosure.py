"""`python -m benchmarks.disclosure`: the release gate at national size, and what protection costs against another tool.

National: 130 trusts in 20 Alliances, 16 quarters, about 8 people per trust and quarter, every indicator of the registry
with its variants, every subgroup. The floor is the first rule alone: hiding small counts and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import tempfile
import time

import numpy as np
import pandas as pd

from naome_pipeline.disclosure.control import DisclosureControl
from naome_pipeline.disclosure.counts import ALLIANCE, TRUST
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.disclosure.protection import protect
from naome_pipeline.disclosure.relations import Periods, Population
from naome_pipeline.indicators.registry import registry
from naome_pipeline.indicators.reporting_periods import reporting_periods
from naome_pipeline.periods import Quarter
from tests.disclosure.tables import crossed, tau_argus

PERIOD = Quarter(2025, 3)
SNAPSHOT = pd.Timestamp("2025-12-31")
# Shares of people in each base and, where it matters, of the numerators; nobody's real figures.
BASES = {
    "er = 'positive'": 0.7, "her2 = 'positive'": 0.15, "bone": 0.5, "brain": 0.08, "had_cycle": 0.4,
    "cord_compression": 0.03, "days_to_treatment IS NOT NULL": 0.85,
}  # fmt: skip
NESTED = {
    "P1": "P1_any_date",
    "P1_recorded": "P1",
    "D5": "P1_any_date",
    "C1": "P1",
    "C2": "P1",
    "P8_recorded": "P8",
}


def national_population(
    trusts: int = 130, alliances: int = 20, quarters: int = 16, size: float = 8.0, seed: int = 1
) -> tuple[Population, Periods, np.ndarray]:
    """People with made-up membership of every set, and the periods each indicator is published for."""
    rng = np.random.default_rng(seed)
    sizes = rng.lognormal(np.log(size), 0.6, trusts)
    counts = rng.poisson(np.repeat(sizes[:, None], quarters, axis=1))
    trust = np.repeat(np.arange(trusts), counts.sum(axis=1))
    quarter = np.concatenate([np.repeat(np.arange(quarters), row) for row in counts])
    people = len(trust)
    spans = Periods.of(reporting_periods(PERIOD, SNAPSHOT.date()))
    entries = registry().indicators
    names = [name for name, i in entries.items() if i.denominator.where != "FALSE"]
    member = {where: rng.random(people) < share for where, share in BASES.items()}
    member["TRUE"] = np.ones(people, dtype=bool)
    quality = rng.normal(0.6, 0.12, trusts)
    numerator = {}
    for name in sorted(names, key=lambda n: ("_" in n and n.split("_")[0] in names, n)):
        share = np.clip(quality[trust] + rng.normal(0, 0.1), 0.03, 0.97)
        numerator[name] = rng.random(people) < (
            0.95 if name.startswith("D") else 0.12 if name == "P9" else share
        )
    any_date = rng.random(people) < 0.8
    in_window = any_date & (rng.random(people) < 0.9)
    recorded = rng.random(people) < 0.75
    contact = recorded & (rng.random(people) < 0.9)
    year = numerator["P10_1y"]
    three = year & (rng.random(people) < 0.6)
    drug, her2 = numerator["P4"], rng.random(people) < 0.5
    soon = rng.random(people) < 0.5
    numerator |= {
        "P1": in_window, "P1_any_date": any_date, "P1_recorded": in_window, "D5": any_date,
        "C1": in_window & (rng.random(people) < 0.7), "C2": in_window & (rng.random(people) < 0.1),
        "P8": contact, "P8_recorded": contact, "D6": recorded, "P10_3y": three,
        "P10_5y": three & (rng.random(people) < 0.6), "C5": drug & her2, "C6": drug & ~her2,
        "P6_sact": numerator["P6"] & soon, "P6_primary_care": numerator["P6"] & ~soon,
        "T1_31d": soon, "T1_62d": soon | (rng.random(people) < 0.5), "P3_her2_negative": numerator["P3"],
    }  # fmt: skip
    member |= {"mdt_any_date": any_date, "cns_recorded": recorded}
    member["er = 'positive' AND her2 = 'negative'"] = member["er = 'positive'"] & (rng.random(people) < 0.85)
    triple_negative = rng.random(people) < 0.1
    member[entries["C7"].denominator.where] = triple_negative & (rng.random(people) < 0.4)
    bottom = np.zeros((people, len(names)), dtype=bool)
    for place, name in enumerate(names):
        where = entries[name].denominator.where
        bottom[:, place] = member.get(where, member["days_to_treatment IS NOT NULL"] & (quarter < 13))
    top = np.stack([numerator[name] for name in names], axis=1) & bottom
    top[:, [n for n, name in enumerate(names) if entries[name].measure == "days"]] = False
    age = rng.normal(68, 14, people)
    frail = rng.random(people) < 0.2
    # The people of these indicators are the subgroups of that name.
    sites = {"bone": member["bone"], "brain": member["brain"]} | {
        site: rng.random(people) < share
        for site, share in (("liver", 0.3), ("lung", 0.3), ("other_site", 0.2), ("several_sites", 0.4))
    }
    groups = {
        "all": np.ones(people, dtype=bool), "age_70_and_over": age >= 70, "frail": frail,
        "age_70_and_over_and_frail": frail & (age >= 70), "age_under_40": age < 40, "men": rng.random(people) < 0.01,
        "triple_negative": triple_negative, **sites,
    }  # fmt: skip
    population = Population(
        tuple(names), tuple(groups), tuple(f"T{n:03d}" for n in range(trusts)), tuple(f"A{n:02d}" for n in range(alliances)),
        trust, quarter, np.arange(trusts) % alliances, tuple(["England"] * alliances), bottom, top,
        np.stack(list(groups.values()), axis=1),
    )  # fmt: skip
    ends = reporting_periods(PERIOD, SNAPSHOT.date()).drop_duplicates(["period_kind", "period"])["period_end"]
    passed = (SNAPSHOT - ends).dt.days.to_numpy()
    eligible = np.stack([passed >= entries[name].follow_up_days for name in names])
    return population, spans, eligible


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def cells_hidden(tables: int = 100) -> pd.DataFrame:
    """Cells hidden of random crossed tables (4 rows, 5 columns, margins): by the rule alone, by us, by tau-argus' optimum."""
    rng = np.random.default_rng(11)
    small = ours = optimum = cells = 0
    for _ in range(tables):
        numbers = rng.poisson(rng.uniform(4, 12), (4, 5)) + 1
        drawn = crossed(numbers)
        small += int(drawn.small.sum())
        ours += int(protect(drawn.table()).hidden.sum())
        # Its solver writes its logs where it stands.
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            optimum += int(tau_argus(numbers, folder).sum())
        cells += len(drawn.sums)
    shares = [count / cells for count in (small, ours, optimum)]
    return pd.DataFrame(
        {"hidden by": ["the rule alone", "this gate", "tau-argus, optimal"], "share of cells": shares}
    )


def main() -> None:
    """Run everything; the last line is one JSON object."""
    population, periods, eligible = national_population()
    began, began_cpu = time.monotonic(), time.process_time()
    control = DisclosureControl(population, periods, eligible, registry(), policies()["public"])
    counted = time.monotonic()
    failures = control.decide()
    decided = time.monotonic()
    found = control.attack()
    ended, ended_cpu = time.monotonic(), time.process_time()
    result: dict[str, object] = {}
    cells = counted_hidden = 0
    for level in (TRUST, ALLIANCE):
        for part, groups in (("all", slice(0, 1)), ("subgroups", slice(1, None))):
            spans = control.published(level, groups.start or 0)[:, None, None, :]
            published = spans & (control.denominators[level][:, groups] > 0)
            top, bottom = control.numerators[level][:, groups], control.denominators[level][:, groups]
            small = control._small(top) | control._small(bottom - top) | control._small(bottom)
            hidden = control.marks.numerator[level][:, groups]
            cells += int(published.sum())
            for kind in ("quarter", "rolling four quarters", "audit period"):
                inside = published & np.asarray(periods.table["period_kind"] == kind)
                if inside.any():
                    shares = f"small {small[inside].mean():.3f}, hidden {hidden[inside].mean():.3f}"
                    counted_hidden += int(hidden[inside].sum())
                    say(f"  {level:9s} {kind:22s} {part:10s} {int(inside.sum()):8d} cells, {shares}")
    result |= {
        "people": len(population.trust),
        "cells": cells,
        "hidden": counted_hidden,
        "count_seconds": round(counted - began, 1),
        "protect_seconds": round(decided - counted, 1),
        "attack_seconds": round(ended - decided, 1),
        "cpu_seconds": round(ended_cpu - began_cpu, 1),
        "sensitive": found.sensitive, "narrow": found.narrow, "exact": found.exact, "failures": len(failures),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }  # fmt: skip
    say(f"\nShare of cells hidden in 100 random tables\n{cells_hidden().round(3).to_string(index=False)}")
    if failures or found.places:
        raise SystemExit(f"something is left open: {failures[:5]} {found.places[:5]}")
    say(json.dumps(result))


if __name__ == "__main__":
    main()
