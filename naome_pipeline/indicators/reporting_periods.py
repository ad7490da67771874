"""Which quarters make up which reporting period, and from when a period counts as complete.

What belongs here: quarters, rolling four quarters and the audit period of three calendar years as rows.
What does not: the follow-up an indicator needs (the registry says it).
"""

from __future__ import annotations

import pandas as pd

from naome_pipeline.parameters import value_of
from naome_pipeline.periods import Quarter

QUARTER = "quarter"
ROLLING = "rolling four quarters"
AUDIT_PERIOD = "audit period"


def first_reported_quarter(period: Quarter) -> Quarter:
    """The first quarter of diagnosis that a quarterly delivery reports."""
    return period.shift(1 - int(value_of("quarters_reported")))


def reporting_periods(period: Quarter) -> pd.DataFrame:
    """One row per reporting period and quarter of diagnosis in it.

    Columns: period_kind, period (label), period_end (date), quarter_start (date). The audit period is the last
    so many whole calendar years that the reported quarters cover.
    """
    first = first_reported_quarter(period)
    quarters = [first.shift(i) for i in range(int(value_of("quarters_reported")))]
    rolling = int(value_of("rolling_quarters"))
    years = int(value_of("audit_period_years"))
    spans: list[tuple[str, str, list[Quarter]]] = [(QUARTER, q.label, [q]) for q in quarters]
    for index in range(rolling - 1, len(quarters)):
        span = quarters[index - rolling + 1 : index + 1]
        spans.append((ROLLING, f"{span[0].label} to {span[-1].label}", span))
    last_year = period.year if period.number == 4 else period.year - 1
    audit = [q for q in quarters if last_year - years < q.year <= last_year]
    if len(audit) == 4 * years:
        spans.append((AUDIT_PERIOD, f"{audit[0].year} to {audit[-1].year}", audit))
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
