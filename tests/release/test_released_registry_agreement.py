"""The comparison of two registries as published: nothing small is shown, and what is hidden stays hidden."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.disclosure.attack import Published, exact_ranges
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.disclosure.registry_agreement import (
    attacked,
    groups_of,
    narrow,
    ranges,
    released_agreement,
)
from naome_pipeline.indicators.reporting_periods import AUDIT_PERIOD
from naome_pipeline.outcomes.registry_agreement import chains, registry_agreement

PUBLIC = policies()["public"]
TRUSTS = [f"R{n:02d}" for n in range(12)]
PERIODS = pd.DataFrame(
    {
        "period_kind": ["quarter", AUDIT_PERIOD],
        "period": ["2023 Q1", "2023"],
        "quarter_start": [pd.Timestamp(2023, 1, 1)] * 2,
    }
)


def counted(seed: int, people: float = 60.0) -> pd.DataFrame:
    """The comparison of two random registries of twelve trusts."""
    rng = np.random.default_rng(seed)
    size = rng.poisson(people, len(TRUSTS))
    trust = np.repeat(TRUSTS, size)
    total = len(trust)

    def value(missing: float, values: list[str]) -> Any:
        drawn = rng.choice(np.array(values, dtype=object), total)
        return pd.Series(drawn, dtype=object).mask(rng.random(total) < missing, None)

    pairs = pd.DataFrame({
        "quarter_start": pd.Timestamp(2023, 1, 1), "nation": "England", "trust_code": trust, "in_full": True,
        "in_rapid": rng.random(total) < 0.85, "days_apart": rng.choice([0, 0, 0, 5, 20, 60], total),
        "same_trust": rng.random(total) < 0.97,
    })  # fmt: skip
    pairs["registered"] = pairs["in_rapid"] | (rng.random(total) < 0.6)
    for column, values in (
        ("stage", ["1", "4", "4", "4"]),
        ("m", ["1"]),
        ("metastatic_recorded", ["yes"]),
        ("er", ["positive", "negative"]),
        ("her2", ["positive", "negative"]),
        ("performance_status", ["0", "1", "2"]),
        ("ethnicity", ["White", "White", "Asian"]),
    ):
        full, changed = value(0.3, values), value(0.3, values)
        pairs[f"full_{column}"] = full
        pairs[f"rapid_{column}"] = changed.where(rng.random(total) < 0.15, full)
    return registry_agreement(pairs, PERIODS, PERIODS)


def indicators(hidden: tuple[str, ...] = ()) -> pd.DataFrame:
    """Released indicators: the people of every trust, hidden for some."""
    return pd.DataFrame({
        "indicator": "P1", "level": "trust", "period_kind": AUDIT_PERIOD, "subgroup": "all", "unit_code": TRUSTS,
        "denominator": pd.array([None if code in hidden else 60 for code in TRUSTS], dtype="Int64"),
    })  # fmt: skip


PROVIDERS = pd.DataFrame({"trust_code": TRUSTS, "trust_name": [f"Trust {code}" for code in TRUSTS]})


def released(agreement: pd.DataFrame, policy: str = "public", hidden: tuple[str, ...] = ()) -> pd.DataFrame:
    return released_agreement(agreement, indicators(hidden), PROVIDERS, policies()[policy])


@pytest.mark.parametrize("seed", range(3))
def test_nothing_small_is_shown_and_nothing_hidden_is_found_by_an_independent_attack(seed):
    """Linear programmes over everything that is published of a chain, in place of the closed form of the product."""
    agreement = counted(seed)
    found = released(agreement)
    assert attacked(agreement, found, PUBLIC) == {"narrow_cells": 0.0, "cells_missing": 0.0}
    trusts: Any = found[found["level"] == "trust"]
    for column in ("numerator", "denominator"):
        assert not trusts[column].between(1, 4).any()
    assert not (trusts["denominator"] - trusts["numerator"]).between(1, 4).any()
    checked = 0
    for chain in chains():
        groups = groups_of(agreement, chain)
        measure, item, _ = chain.counts[-1]
        rows = trusts[(trusts["measure"] == measure) & (trusts["item"] == item)].set_index("unit_code")
        hidden = rows.loc[groups.trusts, "numerator"].isna().to_numpy()
        whole = np.minimum(ranges(groups, np.ones_like(hidden)), PUBLIC.needed_range)
        for row, run_place in zip(*np.nonzero(small(groups) & hidden[:, None]), strict=True):
            run = groups.segments[run_place]
            low, high = known(groups, hidden, int(row), run)
            assert high - low >= whole[row, run_place]
            checked += 1
    assert checked > 20


def small(groups: Any) -> Any:
    sums = np.stack([groups.people[:, run].sum(axis=1) for run in groups.segments], axis=1)
    return (sums > 0) & (sums < PUBLIC.smallest_shown)


def known(groups: Any, hidden: Any, row: int, run: slice) -> tuple[float, float]:
    """Bounds of one segment of a hidden trust: trusts × groups unknown, known: shown trusts, trusts' people, group totals."""
    count, size = groups.people.shape
    at = np.arange(count * size).reshape(count, size)

    def sums_of(cells: Any) -> Any:
        line = np.zeros(count * size)
        line[cells] = 1.0
        return line

    lines = [sums_of(at[t]) for t in range(count)] + [sums_of(at[:, g]) for g in range(size)]
    lines += [sums_of(at[t, g]) for t in np.flatnonzero(~hidden) for g in range(size)]
    lines.append(sums_of(at[row, run]))
    sums = np.stack(lines)
    away = np.zeros(len(lines), dtype=bool)
    away[-1] = True
    low, high = exact_ranges(
        Published.shown(sums, sums @ groups.people.ravel(), away), np.array([len(lines) - 1])
    )
    return float(low[0]), float(high[0])


def test_a_trust_with_a_small_count_takes_others_with_it():
    agreement = counted(3, people=400.0)
    shown = released(agreement)
    rows = shown[(shown["level"] == "trust") & (shown["measure"] == "in the cohort")]
    assert rows["numerator"].notna().all()
    # One trust whose rapid registration misses three people: hidden, and so is a second one, or the nation would tell.
    of = agreement[(agreement["level"] == "trust") & (agreement["measure"] == "registered")].set_index(
        "unit_code"
    )
    missing = of["denominator"] - of["numerator"]
    changed = agreement.copy()
    here: Any = (changed["unit_code"] == TRUSTS[0]) & (changed["measure"] == "registered")
    changed["numerator"] = changed["numerator"].mask(here, changed["denominator"] - 3)
    assert missing.min() > 4
    rows = released(changed)
    hidden = rows[(rows["level"] == "trust") & (rows["measure"] == "registered") & rows["numerator"].isna()]
    assert TRUSTS[0] in set(hidden["unit_code"])
    assert len(hidden) == 2
    assert attacked(changed, rows, PUBLIC)["narrow_cells"] == 0
    # With the second one shown, the gate sees that the first is known.
    opened = rows.copy()
    second = hidden["unit_code"].ne(TRUSTS[0])
    opened.loc[opened["unit_code"].isin(hidden.loc[second, "unit_code"]), "numerator"] = 99
    assert attacked(changed, opened, PUBLIC)["narrow_cells"] > 0


def test_a_trust_whose_people_are_hidden_elsewhere_is_hidden_here():
    agreement = counted(5, people=400.0)
    rows = released(agreement, hidden=("R03",))
    assert rows.loc[rows["unit_code"] == "R03", "numerator"].isna().all()
    assert (rows.loc[rows["unit_code"] == "R03", "suppressed"] == "hidden to protect people").all()
    assert attacked(agreement, rows, PUBLIC)["narrow_cells"] == 0


def test_national_figures_pass_whole_and_the_internal_policy_hides_nothing():
    agreement = counted(1)
    for policy in ("public", "nhs_rounding", "internal"):
        rows = released(agreement, policy)
        assert len(rows) == len(agreement)
        national = rows["level"] == "nation"
        for column in ("numerator", "denominator", "proportion", "kappa"):
            pd.testing.assert_series_equal(rows.loc[national, column], agreement.loc[national, column])
        if policy == "internal":
            assert rows["numerator"].notna().all()
    rounded = released(counted(1, people=400.0), "nhs_rounding")
    shown = rounded[(rounded["level"] == "trust") & rounded["numerator"].notna()]
    assert len(shown) > 0
    assert (shown["numerator"] % 5 == 0).all()


def test_one_hidden_trust_is_the_nation_less_the_others():
    groups = groups_of(counted(2), chains()[0])
    alone = np.zeros(len(TRUSTS), dtype=bool)
    alone[0] = True
    assert (ranges(groups, alone) == 0).all()
    assert narrow(groups, alone, PUBLIC)[0].any() == small(groups)[0].any()
