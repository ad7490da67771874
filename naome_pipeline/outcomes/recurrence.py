"""Distant recurrence after early breast cancer, by years since diagnosis (experimental).

What belongs here: who is followed, from when to when. What does not: finding recurrences (`cohort/recurrences.sql`), the
estimator (`statistics/survival.py`).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from naome_pipeline.parameters import value_of
from naome_pipeline.statistics.survival import cumulative_incidence

YEARS = (1, 2, 3, 5, 8, 10)
DAYS_PER_YEAR = 365.25
RECURRED, DIED = 1, 2
CERTAINTIES = ("any", "definite or probable", "definite")
# Whose first breast cancer was early: the people at risk of a recurrence, without those who died nobody knows when.
EARLY = (
    "SELECT person_id, nation, diagnosis_date, death_date FROM cohort_assessment WHERE evidence_sources = 0 "
    "AND exclusion IN ('no_evidence_of_distant_spread', 'outside_reported_quarters') AND NOT died_undated ORDER BY person_id"
)
COLUMNS = ["nation", "certainty", "year", "people", "recurred", "incidence", "lower", "upper", "died_before"]


def followed(early: pd.DataFrame, recurrences: pd.DataFrame, followed_to: dt.date) -> pd.DataFrame:
    """Everybody at risk of a recurrence, in days since diagnosis: person_id, nation, recurrence and certainty (missing: none),
    `end` of follow-up (death or `followed_to`), `died` (whether it was death).

    `early`: person_id, nation, diagnosis_date, death_date (EARLY); `recurrences`: person_id, recurrence_date, certainty.
    Nobody can recur before the first window has closed (spread before it is de novo): those who die or are diagnosed so late
    are left out.
    """
    begin = float(value_of("de_novo_window_end"))
    table = early.merge(
        recurrences[["person_id", "recurrence_date", "certainty"]], on="person_id", how="left"
    )
    start = pd.to_datetime(table["diagnosis_date"])

    def days_to(dates: pd.Series) -> pd.Series:
        return (pd.to_datetime(dates) - start).dt.days.astype(float)

    end = (pd.Timestamp(followed_to) - start).dt.days.astype(float)
    death, recurrence = days_to(table["death_date"]), days_to(table["recurrence_date"])
    table = table.assign(end=np.fmin(end, death), died=death.notna() & (death <= end), recurrence=recurrence)
    return table[table["end"] > begin]


def recurrence_rates(early: pd.DataFrame, recurrences: pd.DataFrame, followed_to: dt.date) -> pd.DataFrame:
    """Cumulative incidence of distant recurrence with death competing, per nation and certainty (COLUMNS).

    `early`: person_id, nation, diagnosis_date, death_date of people whose first breast cancer was early; `recurrences`:
    person_id, recurrence_date, certainty. Followed from the end of the first window (the spread before it is de novo) to
    recurrence, death or `followed_to`; a recurrence of a lower certainty than asked for does not end the follow-up.
    `recurred`, `died_before`: people and share by that year. Aalen-Johansen estimates.
    """
    begin = float(value_of("de_novo_window_end"))
    table = followed(early, recurrences, followed_to)
    rows: list[tuple[object, ...]] = []
    for nation, people in table.groupby("nation"):
        for asked in CERTAINTIES:
            counted = people["recurrence"].notna() & (
                (asked == "any")
                | (people["certainty"] == "definite")
                | ((asked == "definite or probable") & (people["certainty"] == "probable"))
            )
            counted &= people["recurrence"] <= people["end"]
            days = people["recurrence"].where(counted, people["end"])
            cause = counted.astype(int) * RECURRED + (~counted & people["died"]).astype(int) * DIED
            times = [DAYS_PER_YEAR * year for year in YEARS if DAYS_PER_YEAR * year <= days.max()]
            entry = np.full(len(days), begin)
            curve = cumulative_incidence(days, cause, RECURRED, entry=entry).at(times)
            deaths = cumulative_incidence(days, cause, DIED, entry=entry).at(times)
            for year, point, lost in zip(YEARS, curve.to_dict("records"), deaths["incidence"], strict=False):
                by_then = int((counted & (days <= DAYS_PER_YEAR * year)).sum())
                limits = (point["incidence"], point["lower"], point["upper"])
                rows.append((nation, asked, year, len(people), by_then, *limits, lost))
    kinds = {
        "nation": "string",
        "certainty": "string",
        "year": "int64",
        "people": "int64",
        "recurred": "int64",
    }
    kinds |= dict.fromkeys(["incidence", "lower", "upper", "died_before"], "float64")
    return pd.DataFrame(rows, columns=pd.Index(COLUMNS)).astype(kinds)
