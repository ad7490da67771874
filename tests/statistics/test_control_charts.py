"""Control charts against published constants and series whose signals were planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.statistics.control_charts import (
    Direction,
    dashboard_columns,
    dispersion,
    laney_chart,
    moving_average,
)


def charted(numerator: Any, denominator: Any, direction: Direction = "higher") -> pd.DataFrame:
    return pd.DataFrame(dashboard_columns(numerator, denominator, direction))


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
    plain, wide = charted(spread, size), laney_chart(spread, size)
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
