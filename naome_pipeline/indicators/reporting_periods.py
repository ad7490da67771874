"""Which quarters make up which reporting period, and from when a period counts as complete.

What belongs here: quarters, rolling four quarters and the audit period of three years as rows.
What does not: the follow-up an indicator needs (the registry says it).
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from naome_pipeline.parameters import value_of
from naome_pipeline.periods import Period, Quarter

QUARTER = "quarter"
ROLLING = "rolling four quarters"
AUDIT_PERIOD = "audit period"
# The data sets that show spread up to the end of the window of first diagnosis.
EVIDENCE = ("cosd", "hes_apc")


def last_reported_quarter(period: Period) -> Quarter:
    """The quarter itself, or the last one of a year."""
    return period if isinstance(period, Quarter) else Quarter(period.year, 4)


def first_reported_quarter(period: Period) -> Quarter:
    """The first quarter of diagnosis that a delivery reports."""
    return last_reported_quarter(period).shift(1 - int(value_of("quarters_reported")))


def reported_span(period: Period) -> str:
    """The quarters of diagnosis that a delivery reports, as text: `2020 to 2023`, `2021 Q4 to 2025 Q3`."""
    return _span_label([first_reported_quarter(period), last_reported_quarter(period)])


def audit_quarters(period: Period, followed_to: dt.date) -> list[Quarter]:
    """The newest three years of reported quarters that all had a year of follow-up by that date.

    Whole calendar years in annual releases and in those of a third quarter. Empty when so many quarters are not
    reported or not followed up.
    """
    first = first_reported_quarter(period)
    needed = dt.timedelta(days=int(value_of("audit_follow_up_days")))
    followed = [
        quarter
        for quarter in (first.shift(i) for i in range(int(value_of("quarters_reported"))))
        if quarter.end + needed <= followed_to
    ]
    length = 4 * int(value_of("audit_period_years"))
    if not isinstance(period, Quarter):
        followed = [q for q in followed if q.year > period.year - int(value_of("audit_period_years"))]
    return followed[-length:] if len(followed) >= length else []


def quarters_not_all_found(period: Period, seen_to: dt.date) -> list[Quarter]:
    """The reported quarters whose people are not all known when evidence of spread (EVIDENCE) ends on that date, because spread
    counts as metastatic at first diagnosis when it is seen later still.

    Their indicators are computed once their own follow-up is over, as the specification has it; outputs name the quarters.
    """
    first, window = first_reported_quarter(period), dt.timedelta(days=int(value_of("de_novo_window_end")))
    quarters = [first.shift(i) for i in range(int(value_of("quarters_reported")))]
    return [quarter for quarter in quarters if quarter.end + window > seen_to]


def reporting_periods(period: Period, *followed_to: dt.date) -> pd.DataFrame:
    """One row per reporting period and quarter of diagnosis in it. `followed_to`: the dates that audit periods need their
    follow-up by; dates close together have the same one. `indicator_periods` says which is whose.

    Columns: period_kind, period (label), period_end (date), quarter_start (date).
    """
    first = first_reported_quarter(period)
    quarters = [first.shift(i) for i in range(int(value_of("quarters_reported")))]
    rolling = int(value_of("rolling_quarters"))
    spans: list[tuple[str, str, list[Quarter]]] = [(QUARTER, q.label, [q]) for q in quarters]
    for index in range(rolling - 1, len(quarters)):
        span = quarters[index - rolling + 1 : index + 1]
        spans.append((ROLLING, f"{span[0].label} to {span[-1].label}", span))
    audits = {tuple(audit_quarters(period, day)) for day in followed_to} - {()}
    spans += [
        (AUDIT_PERIOD, _span_label(list(audit)), list(audit))
        for audit in sorted(audits, key=lambda quarters: quarters[-1].end, reverse=True)
    ]
    return pd.DataFrame(
        [
            {
                "period_kind": kind,
                "period": label,
                "period_end": pd.Timestamp(span[-1].end),
                "quarter_start": pd.Timestamp(q.start),
            }
            for kind, label, span in spans
            for q in span
        ]
    )


def _span_label(span: list[Quarter]) -> str:
    if span[0].number == 1 and span[-1].number == 4:
        return f"{span[0].year} to {span[-1].year}"
    return f"{span[0].label} to {span[-1].label}"
