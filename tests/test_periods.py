"""Periods: reading, naming, shifting."""

import datetime as dt

import pytest

from naome_pipeline.periods import Quarter, Year, parse_period


@pytest.mark.parametrize("text", ["2025Q3", "2025 Q3", "2025-q3", "2025-07-01", " 2025Q3 "])
def test_a_quarter_is_read_in_every_form(text):
    quarter = Quarter.parse(text)
    assert (quarter.code, quarter.key, quarter.label) == ("2025Q3", "2025-07-01", "2025 Q3")
    assert (quarter.start, quarter.end) == (dt.date(2025, 7, 1), dt.date(2025, 9, 30))


@pytest.mark.parametrize("text", ["2025Q5", "2025-08-01", "2025", "", "Q3", "2025Q33"])
def test_what_is_no_quarter_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="2025Q3"):
        Quarter.parse(text)


def test_shifting_crosses_years_both_ways():
    assert Quarter(2025, 3).shift(-15) == Quarter(2021, 4)
    assert Quarter(2024, 4).shift(1) == Quarter(2025, 1)
    assert Year(2024).shift(-2) == Year(2022)


def test_quarter_of_a_day_and_order():
    assert Quarter.containing(dt.date(2024, 2, 29)) == Quarter(2024, 1)
    assert Quarter(2024, 4) < Quarter(2025, 1)


def test_cadence_follows_the_feed():
    assert parse_period("england_quarterly", "2025Q3") == Quarter(2025, 3)
    assert parse_period("wales_annual", "2024") == Year(2024)
    with pytest.raises(ValueError, match="2024"):
        parse_period("england_annual", "2024Q1")
