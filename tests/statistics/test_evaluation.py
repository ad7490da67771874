"""Change and interventions: published examples, planted effects, and assumptions that are checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

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
    found: Any = interrupted_time_series(
        rng.binomial(n, share), n, start=20, minimum_periods=8, level=0.998
    ).terms.set_index("term")
    for term, planted in (("slope before", 0.002), ("level change", 0.10), ("slope change", 0.003)):
        assert found.loc[term, "lower"] < planted < found.loc[term, "upper"]
    assert found.loc["level change", "p"] < 1e-6


def test_a_steady_series_has_no_step():
    n = np.full(30, 500)
    found = interrupted_time_series(np.full(30, 250), n, start=15, minimum_periods=8).terms.set_index("term")
    assert found.loc["level change", "estimate"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("start", [0, 7, 23, 30])
def test_a_start_without_enough_periods_on_each_side_is_refused(start):
    with pytest.raises(ValueError, match=r"start|at least 8 periods"):
        interrupted_time_series(np.full(30, 5), np.full(30, 10), start=start, minimum_periods=8)


def test_the_transition_does_not_count_as_a_period():
    series = np.full(20, 5), np.full(20, 10)
    assert (
        interrupted_time_series(*series, start=8, minimum_periods=8, transition=4).series["used"].sum() == 16
    )
    with pytest.raises(ValueError, match="at least 8 periods"):
        interrupted_time_series(*series, start=8, minimum_periods=8, transition=5)


@pytest.mark.parametrize("autocorrelation", [0.0, 0.3])
def test_without_an_effect_an_interrupted_series_of_four_years_finds_one_rarely(autocorrelation):
    """The share of p below 5%; Newey-West errors gave a fifth to a quarter."""
    rng = np.random.default_rng(17)
    found = np.zeros(2)
    runs = 200
    for _ in range(runs):
        errors = np.zeros(16)
        for t in range(16):
            errors[t] = autocorrelation * errors[t - 1] + rng.normal(0, 0.015)
        n = rng.integers(900, 1100, 16)
        top = np.clip(np.round(n * (0.6 + errors)), 0, n)
        terms = interrupted_time_series(top, n, start=8, minimum_periods=8).terms.set_index("term")
        found += terms.loc[["level change", "slope change"], "p"].to_numpy() < 0.05
    assert (found / runs < 0.12).all()
    assert (found > 0).all()


def test_strong_autocorrelation_is_found_and_widens_the_intervals():
    rng = np.random.default_rng(2)
    errors = np.zeros(200)
    for t in range(200):
        errors[t] = 0.6 * errors[t - 1] + rng.normal(0, 0.02)
    n = np.full(200, 50_000)
    top = np.round(n * np.clip(0.5 + errors, 0, 1))
    found = interrupted_time_series(top, n, start=100, minimum_periods=8)
    assert found.autocorrelation == pytest.approx(0.6, abs=0.15)
    # Ordinary errors, by hand.
    place = np.arange(200) - 100.0
    x = np.column_stack([np.ones(200), place, place >= 0, np.where(place >= 0, place, 0)])
    left = top / n - x @ np.linalg.lstsq(x, top / n, rcond=None)[0]
    plain = np.sqrt(np.diag(np.linalg.inv(x.T @ x)) * (left @ left) / 196)
    assert (found.terms["standard_error"].to_numpy() > 1.5 * plain).all()


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


@pytest.mark.parametrize(("treated", "others"), [(3, 9), (6, 6)])
def test_errors_and_degrees_of_freedom_are_those_of_two_groups_of_changes(treated, others):
    """Two periods: the effect is a difference of mean changes, its error Welch's (scipy), its degrees of freedom those that
    Imbens and Kolesár give for two groups (Review of Economics and Statistics 2016; 98: 701-712)."""
    rng = np.random.default_rng(8)
    names = [f"T{n}" for n in range(treated + others)]
    top = rng.integers(30, 70, (len(names), 2))
    found = difference_in_differences(
        np.repeat(names, 2),
        np.tile([0, 1], len(names)),
        top.ravel(),
        np.full(top.size, 100),
        names[:treated],
        start=1,
    )
    change = (top[:, 1] - top[:, 0]) / 100
    welch: Any = stats.ttest_ind(change[:treated], change[treated:], equal_var=False)
    assert found.effect == pytest.approx(change[:treated].mean() - change[treated:].mean())
    assert found.standard_error == pytest.approx(found.effect / welch.statistic)
    a, b = treated, others
    freedom = (a + b) ** 2 * (a - 1) * (b - 1) / (a**2 * (a - 1) + b**2 * (b - 1))
    assert found.p == pytest.approx(2 * stats.t.sf(abs(welch.statistic), freedom))


def test_without_an_effect_few_providers_find_one_rarely():
    """Three of twelve providers treated, courses of their own: ordinary clustered errors name an effect three times as often
    as they say."""
    rng = np.random.default_rng(23)
    runs, found = 300, 0
    names, periods = np.repeat([f"T{n}" for n in range(12)], 8), np.tile(np.arange(8), 12)
    for _ in range(runs):
        course = np.cumsum(rng.normal(0, 0.03, (12, 8)), axis=1)
        top = np.clip(np.round(200 * (0.5 + course)), 0, 200).ravel()
        estimate = difference_in_differences(
            names, periods, top, np.full(96, 200), ["T0", "T1", "T2"], start=4
        )
        found += estimate.p < 0.05
    assert found / runs < 0.09


def test_one_provider_on_a_side_is_refused():
    with pytest.raises(ValueError, match="at least two providers"):
        difference_in_differences(
            ["a", "a", "b", "b", "c", "c"], [0, 1] * 3, [5, 6, 5, 5, 4, 4], [10] * 6, ["a"], start=1
        )


def test_effect_equals_the_difference_of_differences_of_means_when_all_cells_are_alike():
    frame = panel(0.05)
    means = (
        frame.assign(share=frame["numerator"] / 300, after=frame["period"] >= 6)
        .groupby(["treated", "after"])["share"]
        .mean()
    )
    by_hand = (means[True, True] - means[True, False]) - (means[False, True] - means[False, False])
    assert estimated(frame).effect == pytest.approx(by_hand, abs=1e-9)
