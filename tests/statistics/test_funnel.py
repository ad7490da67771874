"""Funnel limits, overdispersion and states against NHS practice, exact enumeration and simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from naome_pipeline.statistics import funnel, funnel_limits

OBSERVED = [100, 150, 180, 80, 120, 225]
EXPECTED = [108, 112, 165, 95, 100, 220]
NAMES = list("abcdef")


def test_interpolated_exact_limits():
    # Spiegelhalter (2005), appendix A.1; figures computed independently.
    assert funnel_limits.binomial_limit(1000, 0.02, 0.001) == pytest.approx(0.00723545146303, abs=5e-15)
    assert funnel_limits.poisson_limit(100, 0.001) == pytest.approx(0.700652842649, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.floats(0.01, 0.99), st.sampled_from([0.001, 0.025, 0.975, 0.999]))
def test_binomial_limit_by_enumeration(n, target, p):
    cumulative = np.cumsum([stats.binom.pmf(k, n, target) for k in range(n + 1)])
    r = int(np.argmax(cumulative >= p))
    before = cumulative[r - 1] if r else 0.0
    expected = (r - (cumulative[r] - p) / (cumulative[r] - before)) / n
    if abs(cumulative - p).min() > 1e-9:
        assert funnel_limits.binomial_limit(n, target, p) == pytest.approx(max(expected, 0), abs=1e-8)


def test_overdispersion_as_the_nhs_computes_it():
    # The method of the Summary Hospital-level Mortality Indicator as implemented by the NHS-R community's
    # FunnelPlotR (log scale, 10% truncation): phi, tau² and the 99.8% limits at 108 expected events.
    found = funnel_limits.overdispersion(OBSERVED, EXPECTED, 1, "log", "truncate")
    assert found.phi == pytest.approx(2.948033175, abs=5e-10)
    assert found.tau_squared == pytest.approx(0.01947753058, abs=5e-12)
    assert funnel_limits.overdispersed_limits(108, 1, found, 0.998) == pytest.approx(
        (0.59223371, 1.6885226), abs=1e-7
    )
    table = funnel.ratio_funnel(NAMES, OBSERVED, EXPECTED, direction="lower", trimming="truncate").table
    assert table.loc[0, "overdispersed_upper_998"] == pytest.approx(1.6885226, abs=1e-7)


def test_a_common_event_varies_less_than_a_poisson_count():
    # Katz et al., Biometrics 1978; 34: 469-474: the variance of the logarithm of a proportion is (1 - p)/(np).
    observed, expected, people = np.array([34.0, 20.0]), np.array([21.835, 24.0]), np.array([59.0, 40.0])
    _, error = funnel_limits.transformed_scores(observed, expected, 1, "log", people)
    share = expected / people
    assert error**2 == pytest.approx((1 - share) / (people * share))
    assert error[0] == pytest.approx(0.169850, abs=5e-7)
    _, rare = funnel_limits.transformed_scores(observed, expected, 1, "log")
    assert rare[0] == pytest.approx(0.214005, abs=5e-7)


@pytest.mark.parametrize("share", [0.2, 0.36, 0.66])
def test_phi_is_one_when_chance_alone_acts_and_agrees_with_the_arcsine_route(share):
    rng = np.random.default_rng(12)
    people = rng.integers(150, 400, 6000).astype(float)
    observed = rng.binomial(people.astype(int), share).astype(float)
    adjusted = funnel_limits.overdispersion(
        observed, people * share, 1, "log", "winsorise", 0.0, people=people
    )
    crude = funnel_limits.overdispersion(observed, people, share, "arcsine", "winsorise", 0.0)
    assert adjusted.phi == pytest.approx(1, abs=0.06)
    assert adjusted.phi == pytest.approx(crude.phi, rel=0.05)
    poisson = funnel_limits.overdispersion(observed, people * share, 1, "log", "winsorise", 0.0)
    assert poisson.phi == pytest.approx(1 - share, abs=0.06)


def test_spread_of_a_common_adjusted_outcome_is_found():
    # Log ratios with a true standard deviation of 0.15 about an outcome of 60%.
    rng = np.random.default_rng(4)
    people = np.full(130, 150)
    share = np.clip(0.5 * np.exp(rng.normal(0, 0.15, 130)), 0, 1)
    observed = rng.binomial(people, share)
    found = funnel.ratio_funnel(range(130), observed, people * 0.5, denominator=people, direction="higher")
    assert found.overdispersion is not None
    assert found.overdispersion.tau_squared == pytest.approx(0.15**2, rel=0.35)
    table = found.table
    z = np.log(table["value"]) / np.sqrt(1 / (people * 0.5) - 1 / people + found.overdispersion.tau_squared)
    assert table["overdispersed_p_low"].to_numpy() == pytest.approx(stats.norm.cdf(z))
    assert table["overdispersed_upper_95"].iloc[0] == pytest.approx(
        np.exp(stats.norm.ppf(0.975) * np.sqrt(1 / 150 + found.overdispersion.tau_squared))
    )


def test_an_event_that_is_certain_has_no_spread():
    table = funnel.ratio_funnel(
        list("abc"), [30, 12, 20], [30.0, 15.0, 20.0], denominator=[30, 30, 40], direction="higher"
    ).table
    assert np.isfinite(table["overdispersed_p_low"]).all()
    assert table.loc[0, "state"] == "within"


def test_truncation_leaves_out_the_outer_tenths():
    rng = np.random.default_rng(1)
    expected = rng.uniform(50, 300, 30)
    observed = rng.poisson(expected * rng.lognormal(0, 0.2, 30))
    found = funnel_limits.overdispersion(observed, expected, 1, "log", "truncate")
    z = np.sort(np.sqrt(expected) * np.log(observed / expected))
    # Ranks 1 to 3 and 28 to 30 of 30 fall in the outer tenths: floor(rank · 10/31) is 0 or 9.
    assert found.providers == 24
    assert found.phi == pytest.approx(np.mean(z[3:27] ** 2))


def test_winsorising_pulls_in_the_extremes():
    z = np.array([-9.0, -1, -0.5, 0, 0.2, 0.4, 0.8, 1, 1.5, 12])
    n = np.full(10, 400.0)
    # Counts whose arcsine z scores are nearly these: only the middle matters for the quantiles.
    events = np.round(np.sin(np.arcsin(np.sqrt(0.5)) + z / 40) ** 2 * 400)
    found = funnel_limits.overdispersion(events, n, 0.5, "arcsine", "winsorise")
    actual = (np.arcsin(np.sqrt(events / 400)) - np.arcsin(np.sqrt(0.5))) * 40
    low, high = np.percentile(actual, [10, 90])  # linear interpolation: R's type 7, the default of both
    clipped = np.where(actual < low, low, np.where(actual > high, high, actual))
    phi = (clipped**2).sum() / 10
    assert found.phi == pytest.approx(phi)
    weights = np.full(10, 4 * 400.0)
    denominator = weights.sum() - (weights**2).sum() / weights.sum()
    assert found.tau_squared == pytest.approx((10 * phi - 9) / denominator)


def test_no_overdispersion_means_plain_limits():
    found = funnel.ratio_funnel(NAMES, [100, 110, 165, 95, 101, 220], EXPECTED, direction="lower")
    assert found.overdispersion is not None
    assert found.overdispersion.tau_squared == 0
    for side in ("lower_998", "upper_95"):
        assert found.table[side].equals(found.table["overdispersed_" + side])


def test_one_provider_and_none_show_no_variation_between():
    assert funnel_limits.overdispersion([90], [50], 1, "log").tau_squared == 0
    assert funnel_limits.overdispersion([], [], 1, "log").providers == 0
    single = funnel.proportion_funnel(["a"], [3], [10], direction="higher").table
    assert single.loc[0, "state"] == "within"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_limits_nest_and_states_agree_with_tails(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 200, 12)
    events = rng.binomial(n, rng.uniform(0, 1, 12))
    table = funnel.proportion_funnel(range(12), events, n, direction="higher").table
    columns = ["lower_998", "lower_95", "target", "upper_95", "upper_998"]
    assert (np.diff(table[columns].to_numpy(), axis=1) >= 0).all()
    assert table[columns].to_numpy().min() >= 0
    assert table[columns].to_numpy().max() <= 1
    tail = table[["p_low", "p_high"]].min(axis=1)
    outlier = table["state"] == "potential outlier"
    assert (outlier == (tail < 0.001)).all()
    assert ((table["state"] == "within") == (tail >= 0.025)).all()
    # Every flagged point lies outside its line.
    outside = (table["value"] < table["lower_998"]) | (table["value"] > table["upper_998"])
    assert outside[outlier].all()
    severity = {"within": 0, "alert": 1, "potential outlier": 2}
    assert (table["overdispersed_state"].map(severity) <= table["state"].map(severity)).all()


def test_limits_narrow_with_size():
    sizes = np.array([50, 100, 200, 400, 800])
    width = funnel_limits.binomial_limit(sizes, 0.3, 0.999) - funnel_limits.binomial_limit(sizes, 0.3, 0.001)
    assert (np.diff(width) < 0).all()


@pytest.mark.parametrize(
    ("direction", "low", "high", "domains"),
    [
        ("higher", "worse", "better", ("negative tail", "positive tail")),
        ("lower", "better", "worse", ("positive tail", "negative tail")),
        ("neutral", "lower", "higher", ("tail without a better side",) * 2),
    ],
)
def test_direction_names_the_side(direction, low, high, domains):
    table = funnel.proportion_funnel(
        ["low", "high", "mid"], [5, 60, 30], [100] * 3, direction=direction, target=0.3
    ).table.set_index("provider")
    assert list(table["direction"]) == [low, high, ""]
    assert list(table["domain"]) == [*domains, "central mass"]
    assert list(table["state"]) == ["potential outlier", "potential outlier", "within"]


def test_alert_lies_between_the_limits():
    # P(R ≥ 42) = 0.0072 and P(R ≥ 46) = 0.0005 for 100 people at 30% (binomial table).
    table = funnel.proportion_funnel(["x", "y"], [42, 46], [100, 100], direction="lower", target=0.3).table
    assert list(table["state"]) == ["alert", "potential outlier"]
    assert table["p_high"].to_list() == pytest.approx([0.0072, 0.0005], abs=5e-5)


def test_a_point_above_the_drawn_line_can_be_within_by_its_exact_tail():
    # 29 of 58 people at a national 35/94: three in a hundred such providers have 29 or more, and the interpolated line, which
    # follows Spiegelhalter, lies at 0.4908.
    row = funnel.proportion_funnel(["x"], [29], [58], direction="neutral", target=35 / 94).table.iloc[0]
    assert row["value"] > row["upper_95"] == pytest.approx(0.490778, abs=5e-7)
    assert row["p_high"] == pytest.approx(0.031869, abs=5e-7)
    assert row["state"] == "within"


def test_not_assessed_and_why():
    table = funnel.proportion_funnel(
        NAMES[:5],
        [0, 1, 9, 9, 0],
        [0, 4, 30, 30, 30],
        direction="higher",
        target=0.1,
        completeness=[1, 1, 0.6, 0.9, np.nan],
        minima=funnel.Minima(denominator=10, expected=1, completeness=0.7),
    ).table
    assert list(table["state"]) == ["not assessed"] * 3 + ["alert", "not assessed"]
    assert list(table["reason"]) == [
        "too few people",
        "too few people",
        "data too incomplete",
        "",
        "data too incomplete",
    ]
    with pytest.raises(ValueError, match="completeness"):
        funnel.proportion_funnel(["a"], [1], [2], direction="lower", minima=funnel.Minima(completeness=0.5))


def test_degenerate_national_figures_flag_nobody():
    for events in ([0, 0], [10, 20]):
        table = funnel.proportion_funnel(["a", "b"], events, [10, 20], direction="lower").table
        assert list(table["state"]) == ["within", "within"]
        assert (table["lower_998"] == table["target"]).all()
    empty = funnel.proportion_funnel(["a"], [0], [0], direction="lower").table
    assert list(empty["state"]) == ["not assessed"]


@pytest.mark.parametrize(
    "arguments",
    [
        (["a", "a"], [1, 2], [3, 4]),
        (["a", None], [1, 2], [3, 4]),
        (["a", "b"], [1, np.nan], [3, 4]),
        (["a", "b"], [5, 2], [3, 4]),
        (["a"], [1, 2], [3, 4]),
    ],
)
def test_impossible_inputs_are_refused(arguments):
    with pytest.raises(ValueError):
        funnel.proportion_funnel(*arguments, direction="higher")


def test_unknown_direction_is_refused():
    with pytest.raises(ValueError, match="direction"):
        funnel.proportion_funnel(["a"], [1], [2], direction="up")  # type: ignore[arg-type]


def test_binomial_ratio_funnel_equals_the_proportion_funnel_without_case_mix():
    n, events = np.array([40, 80, 120]), np.array([10, 30, 25])
    crude = funnel.proportion_funnel(list("abc"), events, n, direction="higher").table
    rate = events.sum() / n.sum()
    adjusted = funnel.ratio_funnel(list("abc"), events, n * rate, denominator=n, direction="higher").table
    assert adjusted["p_low"].to_numpy() == pytest.approx(crude["p_low"].to_numpy())
    assert adjusted["upper_998"].to_numpy() * rate == pytest.approx(crude["upper_998"].to_numpy())


def test_shuffling_and_renaming_change_only_order_and_names():
    rng = np.random.default_rng(3)
    n = rng.integers(20, 300, 40)
    events = rng.binomial(n, 0.3)
    base = funnel.proportion_funnel([f"p{i:02}" for i in range(40)], events, n, direction="higher").table
    order = rng.permutation(40)
    shuffled = funnel.proportion_funnel(
        [f"q{i:02}" for i in order], events[order], n[order], direction="higher"
    ).table
    back = shuffled.sort_values("provider").reset_index(drop=True).drop(columns=["provider", "method"])
    pd.testing.assert_frame_equal(back, base.drop(columns=["provider", "method"]), rtol=1e-12)


def test_doubling_the_population_sharpens_the_tails_and_keeps_the_target():
    once = funnel.proportion_funnel(list("abc"), [20, 45, 30], [100, 100, 100], direction="higher")
    twice = funnel.proportion_funnel(list("abc"), [40, 90, 60], [200, 200, 200], direction="higher")
    assert once.target == twice.target
    assert twice.table["p_low"][0] < once.table["p_low"][0]
    assert twice.table["p_high"][1] < once.table["p_high"][1]
    assert (twice.table["upper_998"] < once.table["upper_998"]).all()


@pytest.mark.parametrize("target", [0.02, 0.1, 0.3, 0.5, 0.95])
@pytest.mark.parametrize("size", [20, 50, 130, 500])
def test_chance_flags_a_provider_at_most_as_often_as_the_level_says(target, size):
    # Exact: enumerate every count a provider of this size can have when nothing but chance acts.
    counts = np.arange(size + 1)
    mass = stats.binom.pmf(counts, size, target)
    table = funnel.proportion_funnel(
        counts, counts, [size] * (size + 1), direction="lower", target=target
    ).table
    for state, side, level, limit in (
        ("potential outlier", "worse", "998", 0.001),
        ("alert", "worse", "95", 0.025),
    ):
        flagged = table["state"].isin([state, "potential outlier"]) & (table["direction"] == side)
        assert mass[flagged].sum() <= limit
        assert mass[flagged].sum() == pytest.approx(table[f"chance_high_{level}"][0], abs=1e-12)
    low = table["state"].eq("potential outlier") & table["direction"].eq("better")
    assert mass[low].sum() == pytest.approx(table["chance_low_998"][0], abs=1e-12)


def test_false_alarm_account_adds_up():
    rng = np.random.default_rng(5)
    tables = []
    for _ in range(6):
        n = rng.integers(50, 400, 130)
        tables.append(
            funnel.proportion_funnel(
                range(130), rng.binomial(n, 0.4), n, direction="higher", target=0.4
            ).table
        )
    account = funnel.false_alarms(tables).set_index(["level", "side"])
    assert (account["comparisons"] == 780).all()
    assert account.loc[("998", "low"), "nominal"] == pytest.approx(0.78)
    assert (account["expected_by_chance"] <= account["nominal"]).all()
    assert (account["expected_by_chance"] > 0.5 * account["nominal"]).all()
    # With chance alone, the observed numbers are what the account says they are.
    assert (account["p_as_many"] > 0.001).all()
    planted = tables[0].copy()
    planted.loc[:9, "p_low"] = 1e-6
    alarms = funnel.false_alarms([planted]).set_index(["level", "side"])
    assert alarms["p_as_many"].loc[("998", "low")] < 1e-6
