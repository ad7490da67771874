"""Control charts and yearly change, against sums done by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from naome_pipeline.outcomes.series import control_charts, yearly_change

QUARTERS = pd.period_range("2021Q4", "2025Q3", freq="Q")


def counts(
    numerators: Sequence[float | None],
    denominators: Sequence[float],
    level: str = "nation",
    unit: str = "England",
) -> pd.DataFrame:
    rows = [
        {
            "indicator": "P1",
            "period_kind": "quarter",
            "period": f"{q.year} Q{q.quarter}",
            "period_end": q.end_time.normalize(),
            "level": level,
            "unit_code": unit,
            "subgroup": "all",
            "numerator": top,
            "denominator": bottom,
        }
        for q, top, bottom in zip(QUARTERS, numerators, denominators, strict=False)
        if bottom
    ]
    return pd.DataFrame(rows)


DEFINITIONS = pd.DataFrame({"indicator": ["P1"], "direction": ["higher"]})


def test_moving_average_pools_three_quarters_and_two_at_the_ends():
    chart = control_charts(counts([5, 6, 30, 8], [10, 10, 40, 20]), DEFINITIONS)
    assert list(chart["moving_average"]) == pytest.approx([11 / 20, 41 / 60, 44 / 70, 38 / 60])


def test_limits_are_three_standard_errors_of_the_pooled_proportion():
    chart = control_charts(counts([5, 6, 30, 9], [10, 10, 40, 20]), DEFINITIONS)
    centre = 50 / 80
    assert chart["centre"].eq(centre).all()
    assert chart["upper"].iloc[2] == pytest.approx(centre + 3 * (centre * (1 - centre) / 40) ** 0.5)


def test_a_lasting_rise_is_marked_as_improvement():
    chart = control_charts(counts([50] * 8 + [70] * 8, [100] * 16), DEFINITIONS)
    assert chart["in_shift"].all()
    assert set(chart["variation"].iloc[8:]) == {"improvement"}
    assert set(chart["variation"].iloc[:8]) == {"concern"}


def test_noise_is_common_cause():
    chart = control_charts(counts([60, 61, 59, 60, 62, 58, 60, 61], [100] * 8), DEFINITIONS)
    assert set(chart["variation"]) == {"common cause"}


def test_a_trust_without_people_in_a_quarter_has_a_point_without_a_value():
    table = pd.concat([counts([60] * 4, [100] * 4), counts([5, None, 6, 4], [8, 0, 9, 7], "trust", "RAJ")])
    chart = control_charts(table, DEFINITIONS).query("level == 'trust'")
    assert len(chart) == 4
    assert chart["value"].isna().tolist() == [False, True, False, False]
    assert chart["short"].all()


def years(tops: Sequence[float], bottoms: Sequence[float]) -> pd.DataFrame:
    """The quarters with their rolling four quarters, as indicator_counts has them: a quarter without people has no row."""
    quarters = counts(tops, bottoms)
    ends = list(QUARTERS.to_timestamp(how="end").normalize()[: len(tops)])
    rolling = []
    for place in range(3, len(ends)):
        span = quarters[quarters["period_end"].isin(ends[place - 3 : place + 1])]
        if len(span):
            sums = span[["numerator", "denominator"]].sum().to_dict()
            rolling.append(span.iloc[0].to_dict() | sums | {"period_end": ends[place]})
    return pd.concat([quarters, pd.DataFrame(rolling).assign(period_kind="rolling four quarters")])


def test_years_are_compared_when_all_four_quarters_are_there():
    # 2021 has one quarter and 2025 three: neither is a whole year. 2022: 200/400, 2023: 240/400.
    tops = [50.0] + [50.0] * 4 + [60.0] * 4 + [60.0] * 4 + [60.0] * 3
    found: Any = yearly_change(years(tops, [100.0] * 16)).set_index("year")
    assert list(found.index) == [2022, 2023, 2024]
    assert found.loc[2023, "difference"] == pytest.approx(0.1)
    assert pd.isna(found.loc[2022, "difference"])
    assert found.loc[2024, "difference"] == pytest.approx(0.0)
    assert found.loc[2023, "lower"] < 0.1 < found.loc[2023, "upper"]


def test_a_quarter_without_anybody_takes_no_year_away():
    found: Any = yearly_change(
        years([5, 5, 0, 5, 5, 6, 6, 6, 6], [10, 10, 0, 10, 10, 10, 10, 10, 10])
    ).set_index("year")
    assert found["denominator"].to_dict() == {2022: 30, 2023: 40}
    assert found.loc[2023, "difference"] == pytest.approx(0.1)


def test_a_year_without_anybody_is_not_jumped_over():
    found: Any = yearly_change(years([5] * 5 + [0] * 4 + [6] * 4, [10] * 5 + [0] * 4 + [10] * 4)).set_index(
        "year"
    )
    assert list(found.index) == [2022, 2024]
    assert found["difference"].isna().all()
