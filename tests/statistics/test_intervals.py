"""Intervals against published figures and against statsmodels and scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from naome_pipeline.statistics import intervals


def test_wilson_one_of_a_hundred_at_998():
    # Computed independently and given with the specification of this audit's statistics.
    lower, upper = intervals.wilson_interval(1, 100, 0.998)
    assert lower == pytest.approx(0.0008730657, abs=1e-10)
    assert upper == pytest.approx(0.1045544529, abs=1e-10)


@pytest.mark.parametrize(
    ("numerator", "denominator", "lower", "upper"),
    [  # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_newcombe_prints_it(numerator, denominator, lower, upper):
    found = intervals.wilson_interval(numerator, denominator)
    assert (round(found.lower, 4), round(found.upper, 4)) == (lower, upper)


def test_byar_of_65_events():
    # Public Health England's PHEindicatormethods and APHO technical briefing 3 use this formula.
    lower, upper = intervals.byar_interval(65)
    assert lower == pytest.approx(50.1631877105, abs=5e-11)
    assert upper == pytest.approx(82.8491385459, abs=5e-11)


@pytest.mark.parametrize(
    ("events", "lower", "upper"), [(0, 0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.390)]
)
def test_exact_poisson_as_tabulated(events, lower, upper):
    # Breslow and Day (1987), volume II, table 2.10 (95% limits for a Poisson count).
    found = intervals.exact_poisson_interval(events)
    assert found.lower == pytest.approx(lower, abs=6e-4)
    assert found.upper == pytest.approx(upper, abs=6e-4)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 2000), st.data(), st.sampled_from([0.8, 0.95, 0.998]))
def test_wilson_agrees_with_statsmodels(denominator, data, level):
    numerator = data.draw(st.integers(0, denominator))
    assert intervals.wilson_interval(numerator, denominator, level) == pytest.approx(
        proportion_confint(numerator, denominator, alpha=1 - level, method="wilson"), abs=1e-10
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 500), st.data())
def test_intervals_hold_the_estimate_nest_by_level_and_mirror(denominator, data):
    numerator = data.draw(st.integers(0, denominator))
    method = intervals.wilson_interval
    narrow, wide = method(numerator, denominator, 0.95), method(numerator, denominator, 0.998)
    assert 0 <= wide.lower <= narrow.lower <= numerator / denominator <= narrow.upper <= wide.upper <= 1
    mirror = method(denominator - numerator, denominator, 0.95)
    assert mirror == pytest.approx((1 - narrow.upper, 1 - narrow.lower), abs=1e-12)
    if numerator < denominator:
        above = method(numerator + 1, denominator, 0.95)
        assert above.lower > narrow.lower
        assert above.upper >= narrow.upper


def test_edges_nobody_one_person_none_and_all():
    lower, upper = intervals.wilson_interval([0, 0, 1, 0, 7], [0, 1, 1, 7, 7])
    assert np.isnan(lower[0])
    assert np.isnan(upper[0])
    assert lower[1] == 0
    assert upper[2] == 1
    assert (lower[3], upper[4]) == (0, 1)
    assert intervals.byar_interval(0).lower == 0
    assert intervals.byar_interval(1, 0.998).lower == 0  # the cube of a negative number is no limit


@pytest.mark.parametrize(
    ("numerator", "denominator"),
    [(2, 1), (-1, 5), (0.5, 5), (np.nan, 5), ([1, 2], [3, 4, 5]), ("a", 5), (1, np.inf), ([[1]], [[2]])],
)
def test_impossible_counts_are_refused(numerator, denominator):
    with pytest.raises(ValueError):
        intervals.wilson_interval(numerator, denominator)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, np.nan])
def test_impossible_levels_are_refused(level):
    with pytest.raises(ValueError):
        intervals.wilson_interval(1, 2, level)


def test_count_interval_changes_method_at_ten_events():
    assert intervals.count_interval(9) == intervals.exact_poisson_interval(9)
    assert intervals.count_interval(10) == intervals.byar_interval(10)


def test_indirectly_standardised_ratio():
    found = intervals.indirectly_standardised_ratio([65, 3, 0], [50, 4, 0])
    assert found.value[:2] == pytest.approx([1.3, 0.75])
    assert found.lower[0] == pytest.approx(50.1631877105 / 50)
    assert found.upper[1] == pytest.approx(stats.chi2.ppf(0.975, 8) / 2 / 4)
    assert np.isnan(found.value[2])
    assert intervals.indirectly_standardised_ratio(65, 50, multiplier=0.2).value == pytest.approx(0.26)
    with pytest.raises(ValueError):
        intervals.indirectly_standardised_ratio(5, -1)
