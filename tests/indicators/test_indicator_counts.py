"""Counts by level, period and subgroup, and follow-up that must be whole."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

import naome_pipeline
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.parameters import parameters

FOLDER = Path(naome_pipeline.__file__).parent / "indicators"
SQL, PERIODS = (
    (FOLDER / f"{name}.sql").read_text(encoding="utf-8") for name in ("indicator_counts", "indicator_periods")
)


def counts(
    tmp_path: Path,
    values: list[float],
    follow_up: int,
    measure: str = "proportion",
    welsh: int = 0,
    nations: str = "England",
) -> pd.DataFrame:
    """Counts of one indicator over people of one quarter, one trust; the last `welsh` people of a health board."""
    people = [f"P{n}" for n in range(len(values))]
    english = len(people) - welsh
    quarter = dt.date(2025, 1, 1)
    tables = {
        "person_indicators": pd.DataFrame({"person_id": people, "indicator": "X", "value": values}),
        "indicator_definitions": pd.DataFrame(
            {
                "indicator": ["X"],
                "measure": [measure],
                "follow_up_days": [follow_up],
                "followed_to": [dt.date(2025, 12, 31)],
                "nations": [nations],
            }
        ),
        "counted_people": pd.DataFrame(
            {
                "person_id": people,
                "cohort": "de_novo",
                "quarter_start": [quarter] * len(people),
                "nation": [*["England"] * english, *["Wales"] * welsh],
                "alliance_code": [*["E56000001"] * english, *[None] * welsh],
                "trust_code": [*["RAJ"] * english, *["7A1"] * welsh],
            }
        ),
        "reporting_periods": pd.DataFrame(
            {
                "period_kind": ["quarter"],
                "period": ["2025 Q1"],
                "period_end": [dt.date(2025, 3, 31)],
                "quarter_start": [quarter],
            }
        ),
        "person_subgroups": pd.DataFrame({"person_id": people, "subgroup": "all"}),
    }
    for table in tables.values():
        for column in ("quarter_start", "period_end", "followed_to"):
            if column in table:
                table[column] = pd.to_datetime(table[column])
    values_bound = {name: p.value for name, p in parameters().items()}
    with open_connection(EngineSettings.from_environment(tmp_path)) as connection:
        engine = Engine(connection)
        engine.attach(tables)
        engine.attach({"indicator_periods": engine.fetch(PERIODS)})
        return engine.fetch(engine.prepare(SQL, values_bound)).sort_values("level").reset_index(drop=True)


def test_people_are_counted_at_every_level(tmp_path):
    found = counts(tmp_path, [1.0] * 81 + [0.0] * 182, 90)
    assert list(found["level"]) == ["alliance", "nation", "trust"]
    assert found["numerator"].eq(81).all()
    assert found["denominator"].eq(263).all()
    assert found["proportion"].to_numpy() == pytest.approx(81 / 263)


def test_a_period_without_whole_follow_up_is_left_out(tmp_path):
    # 31 March to 31 December 2025 are 275 days.
    assert len(counts(tmp_path, [1.0, 0.0], 275)) == 3
    assert counts(tmp_path, [1.0, 0.0], 276).empty


def test_durations_have_quartiles_and_no_proportion(tmp_path):
    found = counts(tmp_path, [10.0, 20.0, 30.0, 40.0, 100.0], 90, measure="days")
    row = found.iloc[0]
    assert (row["lower_quartile_days"], row["median_days"], row["upper_quartile_days"]) == (20, 30, 40)
    assert pd.isna(row["numerator"])
    assert pd.isna(row["proportion"])


def test_both_nations_together_are_counted_when_both_have_the_indicator(tmp_path):
    found = counts(tmp_path, [1.0] * 6 + [0.0] * 4, 90, welsh=3, nations="England, Wales").set_index(
        "unit_code"
    )
    assert dict(zip(found.index, found["denominator"], strict=True)) == {
        "England and Wales": 10, "England": 7, "Wales": 3, "E56000001": 7, "RAJ": 7, "7A1": 3,
    }  # fmt: skip
    assert found.loc["England and Wales", "level"] == "both_nations"
    assert found.loc["England and Wales", "numerator"] == 6


def test_an_indicator_of_one_nation_has_no_total_of_both_and_no_number_of_the_other(tmp_path):
    # Two of six people were diagnosed in a Welsh board.
    found = counts(tmp_path, [1.0] * 6, 90, welsh=2, nations="England").set_index("unit_code")
    assert dict(zip(found.index, found["denominator"], strict=True)) == {
        "England": 4, "E56000001": 4, "RAJ": 4,
    }  # fmt: skip
    found = counts(tmp_path, [1.0] * 6, 90, welsh=2, nations="Wales").set_index("unit_code")
    assert dict(zip(found.index, found["denominator"], strict=True)) == {"Wales": 2, "7A1": 2}
    assert counts(tmp_path, [1.0] * 6, 90, welsh=2, nations="").empty
