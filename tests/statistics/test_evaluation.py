"""Change and interventions: published examples, planted effects, and assumptions that are checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.statistics.errors import NotEstimable
from naome_pipeline.statistics.evaluation import (
    difference_in_differences,
    interrupted_time_series,
    proportion_change,
    year_on_year,
)


# Newcombe, Statistics in Medicine 1998; 17: 873-890, table II, method 10 (first minus second there).
@pytest.mark.parametrize(
    ("first", "second", "lower", "upper"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((0, 10), (0, 10), -0.2775, 0.2775),
    ],
)
def test_difference_of_proportions_as_newcombe_prints_it(first, second, lower, upper):
    found = proportion_change(*second, *first)
    assert (found.lower, found.upper) == (pytest.approx(lower, abs=5e-5), pytest.approx(upper, abs=5e-5))


def test_each_year_is_compared_with_the_one_before():
    found = year_on_year([2022, 2023, 2024], [50, 60, 60], [100, 100, 120])
    assert found["difference"].iloc[1:].to_list() == pytest.approx([0.1, -0.1])
    assert np.isnan(found["difference"].iloc[0])


def test_a_planted_step_and_slope_are_found():
    rng = np.random.default_rng(3)
    n = np.full(40, 4000)
    share = (
        0.40 + 0.002 * np.arange(40) + np.where(np.arange(40) >= 20, 0.10 + 0.003 * (np.arange(40) - 20), 0)
    )
    found: Any = interrupted_time_series(rng.binomial(n, share), n, start=20, level=0.998).terms.set_index(
        "term"
    )
    for term, planted in (("slope before", 0.002), ("level change", 0.10), ("slope change", 0.003)):
        assert found.loc[term, "lower"] < planted < found.loc[term, "upper"]
    assert found.loc["level change", "p"] < 1e-6


def test_a_steady_series_has_no_step():
    n = np.full(30, 500)
    found = interrupted_time_series(np.full(30, 250), n, start=15).terms.set_index("term")
    assert found.loc["level change", "estimate"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("start", [0, 2, 29, 30])
def test_a_start_without_three_periods_on_each_side_is_refused(start):
    with pytest.raises(NotEstimable, match="three"):
        interrupted_time_series(np.full(30, 5), np.full(30, 10), start=start)


def panel(effect: float, drift: float = 0.0, seed: int = 5) -> pd.DataFrame:
    """40 providers over 12 periods; the first 20 treated from period 6; `drift` breaks parallel trends before."""
    rng = np.random.default_rng(seed)
    rows = []
    for provider in range(40):
        base, treated = rng.normal(0.5, 0.05), provider < 20
        for period in range(12):
            share = (
                base
                + 0.005 * period
                + (effect if treated and period >= 6 else 0)
                + (drift * period if treated else 0)
            )
            rows.append((f"T{provider}", period, rng.binomial(300, np.clip(share, 0, 1)), 300, treated))
    return pd.DataFrame(rows, columns=["provider", "period", "numerator", "denominator", "treated"])


def estimated(frame: pd.DataFrame):
    treated = sorted(set(frame.loc[frame["treated"], "provider"]))
    return difference_in_differences(
        frame["provider"], frame["period"], frame["numerator"], frame["denominator"], treated, start=6
    )


def test_a_planted_effect_is_found_with_clustered_errors():
    found = estimated(panel(0.08))
    assert found.lower < 0.08 < found.upper
    assert found.p < 1e-4
    assert found.clusters == 40
    assert found.pre_trend_p > 0.05


def test_a_difference_in_trends_before_the_start_is_reported():
    assert estimated(panel(0.0, drift=0.01)).pre_trend_p < 0.01


def test_effect_equals_the_difference_of_differences_of_means_when_all_cells_are_alike():
    frame = panel(0.05)
    means = (
        frame.assign(share=frame["numerator"] / 300, after=frame["period"] >= 6)
        .groupby(["treated", "after"])["share"]
        .mean()
    )
    by_hand = (means[True, True] - means[True, False]) - (means[False, True] - means[False, False])
    assert estimated(frame).effect == pytest.approx(by_hand, abs=1e-9)
