"""How far the records of a data set reach: whole months that have none, or next to none.

What belongs here: telling such months from usual ones. What does not: what follows from them (`expectations/sources/`), or the
day to which a sender says that a data set is complete (`manifest.py`).

Whoever has no record of a treatment counts as not treated, and whoever has no record of a death as alive. A data set that ends
before the snapshot, or of which the file of one year was not sent, would make every number drawn from it wrong without a trace.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping

import duckdb
import numpy as np

from naome_pipeline.parameters import value_of

# Of the months with records: high enough to be a usual one where the last years thin out, low enough for a growing data set.
_USUAL_PERCENTILE = 80


def people_by_month(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> dict[dt.date, int]:
    """First day of the month to the people with a record dated in it by that column, nearly (within some per cent). `rows`: what
    can stand after FROM.

    People, not records: the many records of one course of treatment come and go together.
    """
    found = connection.execute(
        f"SELECT CAST(DATE_TRUNC('month', {column}) AS DATE), APPROX_COUNT_DISTINCT(person_id) FROM {rows} "
        f"WHERE {column} IS NOT NULL GROUP BY 1"
    )
    return dict(found.fetchall())


def months_missing(counts: Mapping[dt.date, int], first: dt.date, last: dt.date) -> dict[str, float | None]:
    """How many whole months from `first` to `last` are missing: at the end, and before the last usual month.

    A month is missing when it has records of less than `missing_month_share` of a usual month's people. Neither is known (None)
    of a data set with fewer than `usual_month_people` of them: there a month without any can be chance.
    """
    usual = (
        float(np.percentile([n for n in counts.values() if n], _USUAL_PERCENTILE))
        if any(counts.values())
        else 0.0
    )
    if usual < value_of("usual_month_people"):
        return {"months_missing_at_end": None, "months_missing_inside": None}
    least = usual * value_of("missing_month_share")
    there = [counts.get(month, 0) >= least for month in _whole_months(first, last)]
    reached = max((place for place, full in enumerate(there) if full), default=-1) + 1
    return {
        "months_missing_at_end": float(len(there) - reached),
        "months_missing_inside": float(there[:reached].count(False)),
    }


def _whole_months(first: dt.date, last: dt.date) -> list[dt.date]:
    """The first days of the months that lie between two days as a whole."""
    number = first.year * 12 + first.month - 1 + (first.day > 1)
    months = []
    while True:
        month = dt.date(number // 12, number % 12 + 1, 1)
        if month.replace(day=calendar.monthrange(month.year, month.month)[1]) > last:
            return months
        months.append(month)
        number += 1
