"""Months that were not delivered are told from usual ones, and chance from both."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from naome_pipeline.deliveries.layouts import data_sets
from naome_pipeline.deliveries.reach import months_missing, people_by_month
from naome_pipeline.indicators.registry import registry

FIRST, LAST = dt.date(2022, 1, 1), dt.date(2025, 12, 31)
MONTHS = [dt.date(year, month, 1) for year in range(2020, 2026) for month in range(1, 13)]


def missing(counts: dict[dt.date, int], last: dt.date = LAST) -> tuple[float | None, float | None]:
    found = months_missing(counts, FIRST, last)
    return found["months_missing_at_end"], found["months_missing_inside"]


def even(people: int = 1_000) -> dict[dt.date, int]:
    return dict.fromkeys(MONTHS, people)


def without(counts: dict[dt.date, int], first: str, last: str, people: int = 0) -> dict[dt.date, int]:
    gone = {m: people for m in counts if dt.date.fromisoformat(first) <= m <= dt.date.fromisoformat(last)}
    return counts | gone


def test_a_whole_data_set_misses_nothing():
    assert missing(even()) == (0, 0)


def test_months_after_the_last_record_are_missing_at_the_end():
    assert missing(without(even(), "2025-09-01", "2025-12-01")) == (4, 0)
    # A few records with a wrong date do not make a month.
    assert missing(without(even(), "2025-09-01", "2025-12-01", people=29)) == (4, 0)
    assert missing(without(even(), "2025-09-01", "2025-12-01", people=30)) == (0, 0)


def test_a_month_that_has_not_ended_is_not_missing():
    ended = without(even(), "2025-12-01", "2025-12-01")
    assert missing(ended) == (1, 0)
    assert missing(ended, last=dt.date(2025, 12, 30)) == (0, 0)


def test_a_year_that_was_not_sent_is_missing_inside():
    assert missing(without(even(), "2023-04-01", "2024-03-01")) == (0, 12)
    # So is what a data set that begins too late does not have; what nobody needs is not asked for.
    assert missing(without(even(), "2020-01-01", "2022-06-01")) == (0, 6)
    assert missing(without(even(), "2020-01-01", "2021-12-01")) == (0, 0)


def test_a_data_set_that_thins_out_is_whole():
    thinner = {month: round(1_000 * 0.9**place) for place, month in enumerate(MONTHS[-24:])}
    assert thinner[MONTHS[-1]] < 100
    assert missing(even() | thinner) == (0, 0)


def test_a_small_data_set_is_not_judged():
    assert missing(without(even(79), "2025-01-01", "2025-12-01")) == (None, None)
    assert missing({}) == (None, None)
    assert missing(without(even(81), "2025-01-01", "2025-12-01")) == (12, 0)


def test_people_are_counted_in_the_months_their_records_are_dated_in():
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE rows AS SELECT person_id, CAST(day AS DATE) AS day FROM (VALUES ('A', '2025-01-01'), "
            "('A', '2025-01-31'), ('B', '2025-01-31'), ('A', '2025-02-01'), ('C', NULL)) AS t(person_id, day)"
        )
        found = people_by_month(connection, "rows", "day")
    assert found == {dt.date(2025, 1, 1): 2, dt.date(2025, 2, 1): 1}


@pytest.mark.parametrize("name", sorted(registry().followed_in() - {"cosd_fitness"}))
def test_every_data_set_that_people_are_followed_in_is_asked_how_far_it_reaches(name):
    dating = data_sets()[name].dated_by
    assert dating is not None
    assert data_sets()[name].column(dating.column).type == "date"
