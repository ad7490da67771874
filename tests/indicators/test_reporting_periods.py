"""Reporting periods: sixteen quarters, the rolling years over them, the audit period of whole calendar years."""

from naome_pipeline.indicators.reporting_periods import first_reported_quarter, reporting_periods
from naome_pipeline.periods import Quarter


def test_sixteen_quarters_end_with_the_period():
    assert first_reported_quarter(Quarter(2025, 3)) == Quarter(2021, 4)
    table = reporting_periods(Quarter(2025, 3))
    quarters = table[table["period_kind"] == "quarter"]
    assert len(quarters) == 16
    assert quarters["period"].iloc[0] == "2021 Q4"
    assert quarters["period"].iloc[-1] == "2025 Q3"


def test_rolling_years_have_four_quarters_each():
    table = reporting_periods(Quarter(2025, 3))
    rolling = table[table["period_kind"] == "rolling four quarters"]
    assert rolling.groupby("period").size().eq(4).all()
    assert rolling["period"].nunique() == 13
    assert "2024 Q4 to 2025 Q3" in set(rolling["period"])


def test_audit_period_is_the_last_three_whole_calendar_years():
    table = reporting_periods(Quarter(2025, 3))
    audit = table[table["period_kind"] == "audit period"]
    assert set(audit["period"]) == {"2022 to 2024"}
    assert len(audit) == 12
