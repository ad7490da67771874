"""Reporting periods: sixteen quarters, the rolling years over them, the audit period of whole calendar years."""

import datetime as dt
import re
from pathlib import Path

import naome_pipeline
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
