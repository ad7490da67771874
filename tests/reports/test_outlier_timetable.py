"""Working days, bank holidays, and what a timetable must hold."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from naome_pipeline.configuration import ConfigurationError
from naome_pipeline.reports.outlier_timetable import (
    TIMETABLE_FILE,
    bank_holidays,
    load_timetable,
    working_day_after,
)


def test_bank_holidays_of_published_years():
    """gov.uk/bank-holidays, England and Wales."""
    days = {2025: "0101 0418 0421 0505 0526 0825 1225 1226", 2026: "0101 0403 0406 0504 0525 0831 1225 1228",
            2027: "0101 0326 0329 0503 0531 0830 1227 1228"}  # fmt: skip
    for year, listed in days.items():
        expected = {dt.date(year, int(day[:2]), int(day[2:])) for day in listed.split()}
        assert bank_holidays(year) == expected, year


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2025-01-06", 1, "2025-01-07"),
        ("2025-01-03", 1, "2025-01-06"),  # over a weekend
        ("2024-12-24", 1, "2024-12-27"),  # over Christmas
        ("2025-04-17", 2, "2025-04-23"),  # over Easter
        ("2025-08-30", 5, "2025-09-05"),  # from a Saturday
    ],
)
def test_working_days(start, days, end):
    assert working_day_after(dt.date.fromisoformat(start), days) == dt.date.fromisoformat(end)


def test_every_stage_ends_on_a_working_day_after_the_one_before():
    timetable = load_timetable()
    dates = timetable.dates(dt.date(2025, 8, 30))
    assert list(dates) == [stage.id for stage in timetable.stages]
    ends = list(dates.values())
    assert ends == sorted(set(ends))
    assert all(day.weekday() < 5 and day not in bank_holidays(day.year) for day in ends)
    assert {stage.letter for stage in timetable.letters} == {"notification", "confirmation", "publication"}
    assert all(stage.states and stage.to for stage in timetable.letters)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("days: 25", "days: 0", "days"),
        ("basis: assumption", "basis: guess", "basis"),
        ("letter: notification", "letter: nagging", "letter"),
        ("id: answer", "id: ../answer", "id"),
        ("states: [alert, potential outlier]", "states: [not assessed]", "states"),
    ],
)
def test_a_mistake_in_the_timetable_is_one_sentence(tmp_path: Path, old, new, said):
    path = tmp_path / "outlier_timetable.yaml"
    text = TIMETABLE_FILE.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"outlier_timetable.yaml is wrong: .*{said}"):
        load_timetable(path)
