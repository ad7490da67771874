"""Control charts against published constants and series whose signals were planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.statistics.control_charts import (
    BINOMIAL,
    LANEY,
    Direction,
    asks_for_laney,
    dashboard_columns,
    dispersion,
    moving_average,
)


def charted(numerator: Any, denominator: Any, direction: Direction = "higher") -> pd.DataFrame:
    """With binomial limits, whatever the series asks for."""
    return pd.DataFrame(dashboard_columns(numerator, denominator, direction, laney_significance=0.0))


def test_p_chart_limits_by_hand():
    chart = charted([10, 20, 30], [100, 100, 400])
    centre = 60 / 600
    assert chart["centre"].eq(centre).all()
    assert chart["upper"].iloc[0] == pytest.approx(centre + 3 * np.sqrt(centre * 0.9 / 100))
    assert chart["upper"].iloc[2] == pytest.approx(centre + 3 * np.sqrt(centre * 0.9 / 400))
    assert chart["lower"].iloc[0] == pytest.approx(0.01)


def test_laney_widens_what_varies_more_than_binomial_and_sigma_z_is_one_for_binomial_data():
    rng = np.random.default_rng(4)
    size = np.full(4000, 500)
    assert dispersion(rng.binomial(size, 0.3), size) == pytest.approx(1, abs=0.05)
    spread = rng.binomial(size, np.clip(rng.normal(0.3, 0.06, 4000), 0, 1))
    assert dispersion(spread, size) > 2
    plain = charted(spread, size)
    wide = pd.DataFrame(dashboard_columns(spread, size, "higher", 0.05))
    assert ((wide["upper"] - wide["lower"]) > 2 * (plain["upper"] - plain["lower"])).all()


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ([50] * 8 + [95] + [50] * 8, "astronomical"),
        ([45, 55] * 5 + [58] * 7 + [45, 40] * 5, "in_shift"),
        ([50, 50, 44, 46, 48, 50, 52, 54, 56, 50, 50], "in_trend"),
    ],
)
def test_each_rule_marks_its_signal(values, rule):
    chart = charted(values, [100] * len(values), "higher")
    assert chart[rule].any()


def test_six_points_on_one_side_are_no_shift_and_seven_are():
    for run, expected in ((6, False), (7, True)):
        values = [52, 48] * 6 + [55] * run + [44] * run
        chart = charted(values, [100] * len(values), "neutral")
        assert chart["in_shift"].any() == expected


def test_direction_decides_between_improvement_and_concern():
    values = [50] * 8 + [70] * 8
    said: dict[Direction, str] = {"higher": "improvement", "lower": "concern", "neutral": "high"}
    for direction, last in said.items():
        chart = charted(values, [100] * 16, direction)
        assert chart["variation"].iloc[-1] == last


def test_moving_average_pools_counts():
    assert moving_average([1, 0, 30], [1, 10, 40]) == pytest.approx([1 / 11, 31 / 51, 30 / 50])


@pytest.mark.parametrize("size", [0, 1, 2])
def test_short_series_have_no_signal(size):
    chart = charted([5] * size, [10] * size, "higher")
    assert len(chart) == size
    assert not chart["special_cause"].any()


def test_false_alarms_of_the_p_chart_are_as_rare_as_three_sigma():
    rng = np.random.default_rng(8)
    size = np.full(20_000, 200)
    chart = charted(rng.binomial(size, 0.5), size, "higher")
    # 0.27% beyond three standard errors of a normal distribution.
    assert chart["astronomical"].mean() == pytest.approx(0.0027, abs=0.0015)


def test_laney_limits_are_asked_for_as_rarely_as_they_should_be_when_chance_alone_acts():
    rng = np.random.default_rng(21)
    size = rng.integers(200, 400, (4000, 16))
    found = [
        asks_for_laney(dispersion(top, bottom), 16, 0.05)
        for top, bottom in zip(rng.binomial(size, 0.4), size, strict=True)
    ]
    # A mean of ranges is skewed: 6.5% instead of 5%.
    assert np.mean(found) == pytest.approx(0.05, abs=0.025)
    assert not asks_for_laney(9.0, 16, 0.0)
    assert not asks_for_laney(9.0, 1, 0.05)


def test_standard_error_of_sigma_z_is_the_published_one():
    # Cryer and Ryan 1990: (0.8264 T - 1.082)/(T - 1)² is the variance; here from normal series.
    rng = np.random.default_rng(5)
    z = rng.standard_normal((60_000, 16))
    sigma_z = np.abs(np.diff(z)).mean(axis=1) / 1.128
    assert sigma_z.std() == pytest.approx(np.sqrt((0.8264 * 16 - 1.082) / 15**2), rel=0.01)


def test_a_series_that_jumps_about_gets_wider_limits_and_loses_its_marks():
    # Quarters that differ for reasons of their own, up and down: sigma_z is far above 1.
    rng = np.random.default_rng(3)
    size = np.full(16, 900)
    top = rng.binomial(size, np.clip(0.7 + 0.05 * np.array([1, -1] * 8), 0, 1))
    plain = dashboard_columns(top, size, "higher", 0.0)
    wide = dashboard_columns(top, size, "higher", 0.05)
    assert set(plain["limits"]) == {BINOMIAL}
    assert set(wide["limits"]) == {LANEY}
    sigma_z = wide["sigma_z"][0]
    assert sigma_z > 2
    assert plain["special_cause"].any()
    assert not wide["special_cause"].any()
    for edge in ("upper", "near_upper"):
        stretched = (wide[edge] - wide["centre"]) / (plain[edge] - plain["centre"])
        assert stretched == pytest.approx(sigma_z)


def test_a_lasting_shift_stays_a_signal():
    chart = dashboard_columns([30] * 8 + [60] * 8, [100] * 16, "higher", 0.05)
    assert set(chart["limits"]) == {BINOMIAL}
    assert chart["special_cause"].all()
