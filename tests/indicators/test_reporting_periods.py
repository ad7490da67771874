"""Reporting periods: sixteen quarters, the rolling years over them, the audit period of whole calendar years."""

import datetime as dt
import re
from pathlib import Path

import duckdb
import pytest

import naome_pipeline
from naome_pipeline.indicators.definitions import audit_followed_to
from naome_pipeline.indicators.registry import registry
from naome_pipeline.indicators.reporting_periods import (
    AUDIT_PERIOD,
    QUARTER,
    ROLLING,
    first_reported_quarter,
    quarters_not_all_found,
    reporting_periods,
)
from naome_pipeline.periods import Quarter, Year


def test_sixteen_quarters_end_with_the_period():
    assert first_reported_quarter(Quarter(2025, 3)) == Quarter(2021, 4)
    table = reporting_periods(Quarter(2025, 3), dt.date(2025, 12, 31))
    quarters = table[table["period_kind"] == "quarter"]
    assert len(quarters) == 16
    assert quarters["period"].iloc[0] == "2021 Q4"
    assert quarters["period"].iloc[-1] == "2025 Q3"


def test_rolling_years_have_four_quarters_each():
    table = reporting_periods(Quarter(2025, 3), dt.date(2025, 12, 31))
    rolling = table[table["period_kind"] == "rolling four quarters"]
    assert rolling.groupby("period").size().eq(4).all()
    assert rolling["period"].nunique() == 13
    assert "2024 Q4 to 2025 Q3" in set(rolling["period"])


def test_audit_period_of_a_third_quarter_is_three_calendar_years():
    table = reporting_periods(Quarter(2025, 3), dt.date(2025, 12, 31))
    audit = table[table["period_kind"] == "audit period"]
    assert set(audit["period"]) == {"2022 to 2024"}
    assert len(audit) == 12


def test_people_of_the_newest_quarter_may_still_be_found_until_day_120():
    period = Quarter(2025, 3)
    assert quarters_not_all_found(period, dt.date(2025, 12, 31)) == [Quarter(2025, 3)]
    assert quarters_not_all_found(period, dt.date(2026, 1, 27)) == [Quarter(2025, 3)]
    assert quarters_not_all_found(period, dt.date(2026, 1, 28)) == []
    assert quarters_not_all_found(period, dt.date(2025, 10, 1)) == [Quarter(2025, 2), Quarter(2025, 3)]
    assert quarters_not_all_found(Year(2023), dt.date(2025, 6, 30)) == []


def audit_label(period, snapshot: dt.date) -> set[str]:
    table = reporting_periods(period, snapshot)
    return set(table[table["period_kind"] == "audit period"]["period"])


def test_audit_period_has_a_year_of_follow_up():
    # Half a year later two more quarters have been followed for a year.
    assert audit_label(Quarter(2026, 1), dt.date(2026, 6, 30)) == {"2022 Q3 to 2025 Q2"}
    assert audit_label(Quarter(2026, 1), dt.date(2026, 6, 29)) == {"2022 Q2 to 2025 Q1"}


def test_annual_release_reports_whole_calendar_years():
    assert audit_label(Year(2023), dt.date(2025, 9, 30)) == {"2021 to 2023"}
    assert first_reported_quarter(Year(2023)) == Quarter(2020, 1)


def test_longer_follow_up_has_an_earlier_audit_period_and_dates_close_together_share_one():
    snapshot = dt.date(2025, 12, 31)
    dates = [snapshot - dt.timedelta(days=longer) for longer in (0, 1, 90)]
    table = reporting_periods(Quarter(2025, 3), *dates)
    audit = table[table["period_kind"] == "audit period"]
    assert audit.groupby("period", sort=False).size().to_dict() == {
        "2022 to 2024": 12,
        "2021 Q4 to 2024 Q3": 12,
    }
    # Three years that are not all reported are no audit period.
    assert audit_label(Quarter(2025, 3), snapshot - dt.timedelta(days=93)) == set()


def test_no_audit_period_before_three_years_were_followed():
    assert audit_label(Year(2023), dt.date(2024, 3, 31)) == set()


def test_sql_names_the_kinds_of_period_as_they_are_called():
    named = {
        kind
        for path in (Path(naome_pipeline.__file__).parent).rglob("*.sql")
        for kind in re.findall(r"period_kind = '([^']+)'", path.read_text(encoding="utf-8"))
    }
    assert AUDIT_PERIOD in named
    assert named <= {QUARTER, ROLLING, AUDIT_PERIOD}


def periods_of(snapshot: dt.date, follow_up: int) -> dict[str, set[str]]:
    """Kind of period to those that an indicator of so many days' follow-up has."""
    sql = (Path(naome_pipeline.__file__).parent / "indicators" / "indicator_periods.sql").read_text(
        encoding="utf-8"
    )
    calendar = reporting_periods(Quarter(2025, 3), *audit_followed_to(lambda data_sets: snapshot))
    with duckdb.connect() as connection:
        connection.register("reporting_periods", calendar)
        connection.execute(
            "CREATE TABLE indicator_definitions AS SELECT 'X' AS indicator, ?::INTEGER AS follow_up_days, ?::DATE AS followed_to",
            [follow_up, snapshot],
        )
        rows = connection.sql(f"SELECT DISTINCT period_kind, period FROM ({sql})").fetchall()
    return {kind: {period for of, period in rows if of == kind} for kind in (QUARTER, ROLLING, AUDIT_PERIOD)}


@pytest.mark.parametrize(
    ("follow_up", "newest", "audit"),
    [
        (0, "2025 Q3", {"2022 to 2024"}),
        (365, "2024 Q4", {"2022 to 2024"}),
        (395, "2024 Q3", {"2021 Q4 to 2024 Q3"}),
        (455, "2024 Q3", {"2021 Q4 to 2024 Q3"}),
        (761, "2023 Q3", set()),
    ],
)
def test_an_indicator_has_the_newest_periods_whose_follow_up_was_over(follow_up, newest, audit):
    found = periods_of(dt.date(2025, 12, 31), follow_up)
    assert max(found[QUARTER]) == newest
    assert found[AUDIT_PERIOD] == audit


def test_deaths_after_chemotherapy_are_compared_in_a_quarterly_release():
    """The specification shows them by treating trust too; a year and thirty days had not passed for the newest audit period."""
    p9 = registry().indicators["P9"].follow_up_days
    assert p9 > 365
    assert periods_of(dt.date(2025, 12, 31), p9)[AUDIT_PERIOD]
