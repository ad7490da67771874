"""Survival against R's survival package, statsmodels and hand calculation.

lung, heart and gbsg are R's data sets as lifelines ships them (lung, stanford_heart, gbsg2).
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import datasets
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from naome_pipeline.statistics import survival


@pytest.fixture(scope="module")
def lung():
    data = datasets.load_lung()
    return survival.kaplan_meier(data["time"], data["status"])


def test_lung_survival_at_one_year(lung):
    # survfit(Surv(time, status) ~ 1, lung, conf.type = "log-log")
    row = lung.at([365]).iloc[0]
    assert row["survival"] == pytest.approx(0.409241624460064, abs=5e-15)
    assert row["at_risk"] == 65
    assert row["events"] == 121


def test_lung_median_with_log_log_limits(lung):
    assert tuple(lung.median()) == (310, 284, 361)


def test_no_upper_limit_of_a_median_where_the_curve_falls_to_nothing_first():
    # R: survfit(Surv(c(2, 4, 5, 9, 12, 12), rep(1, 6)) ~ 1, conf.type = "log-log"): median 7, 0.95LCL 2, 0.95UCL NA
    found = survival.kaplan_meier([2, 4, 5, 9, 12, 12], [1] * 6).median()
    assert (found.value, found.lower) == (7, 2)
    assert np.isnan(found.upper)


def test_lung_restricted_mean_with_its_standard_error(lung):
    # print(fit, rmean = 730): 357.07 with se 16.22; lifelines gets the error wrong (its issue 1682).
    found = lung.restricted_mean(730)
    assert found.value == pytest.approx(357.073251610298, abs=5e-12)
    assert found.standard_error == pytest.approx(16.2193442355464, abs=5e-13)


def test_heart_with_late_entry():
    # survfit(Surv(start, stop, event) ~ 1, heart)
    heart = datasets.load_stanford_heart_transplants()
    found = survival.kaplan_meier(heart["stop"], heart["event"], heart["start"]).at([90]).iloc[0]
    assert found["survival"] == pytest.approx(0.514171862281931, abs=5e-15)


def test_six_people_by_hand():
    # Deaths at 1, 3, 3, 6; censored at 3 and 5: S = 5/6, 5/6·3/5, then ·0 at 6.
    curve = survival.kaplan_meier([1, 3, 3, 3, 5, 6], [1, 1, 1, 0, 0, 1])
    assert curve.at_risk.tolist() == [6, 5, 2, 1]
    assert curve.survival == pytest.approx([5 / 6, 1 / 2, 1 / 2, 0])
    greenwood = 1 / (6 * 5) + 2 / (5 * 3)
    assert curve.at([4]).loc[0, "standard_error"] == pytest.approx(0.5 * np.sqrt(greenwood))
    # The curve runs level at one half from 3 to 6: the middle, as R does.
    assert curve.median().value == 4.5
    assert curve.restricted_mean(6).value == pytest.approx(1 + 2 * 5 / 6 + 3 / 2)


def test_two_thirds_late_entry_by_hand():
    # At 2 only the first two are at risk; the third enters at 2 and counts from then on.
    curve = survival.kaplan_meier([2, 5, 4], [1, 0, 1], [0, 0, 2])
    assert curve.at_risk.tolist() == [2, 2, 1]
    assert curve.survival == pytest.approx([0.5, 0.25, 0.25])


def test_agrees_with_statsmodels():
    rng = np.random.default_rng(2)
    time, died, entry = rng.integers(20, 200, 150), rng.integers(0, 2, 150), rng.integers(0, 15, 150)
    for start in (None, entry):
        ours = survival.kaplan_meier(time, died, start)
        theirs = SurvfuncRight(time, died, entry=start)
        at = ours.at(theirs.surv_times)
        assert at["survival"].to_numpy() == pytest.approx(theirs.surv_prob, abs=1e-12)
        inside = theirs.surv_prob > 0
        assert at["standard_error"].to_numpy()[inside] == pytest.approx(
            theirs.surv_prob_se[inside], abs=1e-12
        )


def test_restricted_mean_error_by_simulation():
    rng = np.random.default_rng(4)
    values, errors = [], []
    for _ in range(600):
        life, follow_up = rng.exponential(400, 80), rng.uniform(300, 1200, 80)
        found = survival.kaplan_meier(np.minimum(life, follow_up), life <= follow_up).restricted_mean(300)
        values.append(found.value)
        errors.append(found.standard_error)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.1)
    assert np.mean(values) == pytest.approx(400 * (1 - np.exp(-0.75)), rel=0.01)


def test_nobody_died_yet_is_not_certainty():
    row = survival.kaplan_meier([10, 10, 12], [0, 0, 0]).at([5]).iloc[0]
    assert row["survival"] == 1
    assert row["upper"] == 1
    assert row["lower"] == pytest.approx(0.025 ** (1 / 3))  # the exact binomial limit of 3 of 3, one side


def test_everybody_died():
    curve = survival.kaplan_meier([1, 2], [1, 1])
    assert curve.at([2, 9])["survival"].tolist() == [0, 0]
    assert curve.at([9])["upper"].iloc[0] < 1
    assert curve.restricted_mean(10).value == 1.5


def test_nothing_is_said_beyond_follow_up():
    curve = survival.kaplan_meier([10, 20], [1, 0])
    assert curve.at([21]).iloc[0][["survival", "lower", "upper"]].isna().all()
    assert np.isnan(curve.restricted_mean(21).value)
    assert curve.restricted_mean(20).value == 15
    assert np.isnan(survival.kaplan_meier([5, 6, 7], [1, 0, 0]).median().value)


def test_death_on_the_first_day_and_empty_groups():
    assert survival.kaplan_meier([0, 5], [1, 0]).at([0])["survival"].iloc[0] == 0.5
    assert survival.kaplan_meier([0, 5], [1, 0], [0, 0]).at([0])["survival"].iloc[0] == 0.5
    empty = survival.kaplan_meier([], [])
    assert np.isnan(empty.at([1])["survival"].iloc[0])
    assert np.isnan(empty.median().value)


@pytest.mark.parametrize(
    "arguments",
    [([1, -1], [1, 0]), ([1, np.nan], [1, 0]), ([1, 2], [1, 2]), ([1, 2], [1]), ([1, 2], [1, 0], [0, 2])],
)
def test_impossible_times_are_refused(arguments):
    with pytest.raises(ValueError):
        survival.kaplan_meier(*arguments)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=40))
def test_survival_falls_and_its_limits_hold_it(people):
    time, died = zip(*people, strict=True)
    curve = survival.kaplan_meier(time, died)
    at = curve.at(curve.times)
    assert (np.diff(curve.survival) <= 0).all()
    assert ((at["lower"] <= at["survival"] + 1e-12) & (at["survival"] <= at["upper"] + 1e-12)).all()
    wide = curve.at(curve.times, 0.998)
    assert ((wide["lower"] <= at["lower"] + 1e-12) & (at["upper"] <= wide["upper"] + 1e-12)).all()
    shuffled = survival.kaplan_meier(time[::-1], died[::-1])
    assert np.array_equal(shuffled.survival, curve.survival)


def test_cumulative_incidence_agrees_with_statsmodels():
    rng = np.random.default_rng(0)
    time, cause = rng.exponential(10, 200).round(1) + 0.1, rng.integers(0, 3, 200)
    theirs = CumIncidenceRight(time, cause)
    for number in (1, 2):
        ours = survival.cumulative_incidence(time, cause, number)
        steps = np.searchsorted(ours.times, theirs.times)
        assert ours.incidence[steps] == pytest.approx(theirs.cinc[number - 1], abs=1e-12)
        errors = np.asarray(theirs.cinc_se)
        assert np.sqrt(ours.variance[steps]) == pytest.approx(errors[number - 1], abs=1e-10)


def test_causes_add_up_to_death():
    rng = np.random.default_rng(1)
    time, cause = rng.integers(1, 100, 300), rng.integers(0, 3, 300)
    curve = survival.kaplan_meier(time, cause > 0)
    parts = [survival.cumulative_incidence(time, cause, k).incidence for k in (1, 2)]
    assert 1 - curve.survival == pytest.approx(sum(parts), abs=1e-12)
    at = survival.cumulative_incidence(time, cause, 1).at([0, 50, 100])
    assert at["incidence"].iloc[0] == 0
    assert at["lower"].iloc[1] < at["incidence"].iloc[1] < at["upper"].iloc[1]
    assert np.isnan(at["incidence"].iloc[2])


def test_without_censoring_kaplan_meier_is_the_plain_proportion():
    time = np.arange(1, 101)
    curve = survival.kaplan_meier(time, np.ones(100))
    assert curve.at([40])["survival"].iloc[0] == pytest.approx(0.6)


def test_by_group_is_each_group_alone():
    data = datasets.load_lung()
    table = survival.survival_by_group(
        data["sex"], data["time"], data["status"], [180, 365], restricted_mean_horizon=365
    )
    assert table["group"].tolist() == [1, 1, 2, 2]
    # R: survfit(Surv(time, status) ~ sex, lung): medians 270 (men) and 426 (women).
    assert table["median"].tolist() == [270, 270, 426, 426]
    alone = data[data["sex"] == 2]
    assert (
        table.loc[3, "survival"]
        == survival.kaplan_meier(alone["time"], alone["status"]).at([365])["survival"].iloc[0]
    )
    shuffled = data.sample(frac=1, random_state=1)
    again = survival.survival_by_group(
        shuffled["sex"], shuffled["time"], shuffled["status"], [180, 365], restricted_mean_horizon=365
    )
    pd.testing.assert_frame_equal(again, table)
