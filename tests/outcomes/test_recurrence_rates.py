"""Distant recurrence by years since diagnosis: numbers worked out by hand, and the other estimator."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from lifelines import AalenJohansenFitter

from naome_pipeline.outcomes.recurrence import recurrence_rates

SNAPSHOT = dt.date(2025, 12, 31)
FIRST = pd.Timestamp("2015-01-01")


def rates(people: list[tuple[int | None, str | None, int | None]]) -> pd.DataFrame:
    """People diagnosed on one day: day of recurrence, certainty, day of death."""
    ids = [f"p{i}" for i in range(len(people))]

    def date(day: int | None) -> pd.Timestamp | None:
        return None if day is None else FIRST + pd.Timedelta(days=day)

    early = pd.DataFrame(
        {
            "person_id": ids,
            "nation": "England",
            "diagnosis_date": FIRST,
            "death_date": pd.Series([date(d) for _, _, d in people], dtype="datetime64[ns]"),
        }
    )
    found = [(i, date(r), c) for i, (r, c, _) in zip(ids, people, strict=True) if r is not None]
    recurrences = pd.DataFrame(found, columns=pd.Index(["person_id", "recurrence_date", "certainty"]))
    recurrences["recurrence_date"] = pd.to_datetime(recurrences["recurrence_date"])
    return recurrence_rates(early, recurrences, SNAPSHOT).set_index(["certainty", "year"])


def test_shares_without_censoring_are_plain_proportions():
    # Ten people followed for eleven years: two recur in year 2, one dies in year 1, one in year 3.
    staying = [(None, None, None)] * 6
    leaving = [(500, "definite", None), (600, "possible", None), (None, None, 200), (None, None, 900)]
    table = rates([*leaving, *staying])
    assert table.loc[("any", 1), "incidence"] == 0
    assert table.loc[("any", 2), "incidence"] == pytest.approx(0.2)
    assert table.loc[("any", 2), "recurred"] == 2
    assert table.loc[("definite", 2), "incidence"] == pytest.approx(0.1)
    assert table.loc[("any", 3), "died_before"] == pytest.approx(0.2)
    assert table.loc[("any", 3), "people"] == 10


def test_nobody_is_at_risk_before_the_first_window_has_closed():
    table = rates([(None, None, 100), (500, "definite", None), (None, None, None), (None, None, None)])
    assert table.loc[("any", 2), "people"] == 3
    assert table.loc[("any", 2), "incidence"] == pytest.approx(1 / 3)


def test_a_less_certain_recurrence_does_not_end_the_follow_up():
    # A possible recurrence in year 2, then death in year 5: by the strict reading the person died without recurrence.
    table = rates([(600, "possible", 1700), (None, None, None), (None, None, None), (None, None, None)])
    assert table.loc[("definite", 5), "recurred"] == 0
    assert table.loc[("definite", 5), "died_before"] == pytest.approx(0.25)
    assert table.loc[("any", 5), "died_before"] == 0


def test_equals_another_estimator_where_people_are_censored():
    rng = np.random.default_rng(3)
    size = 400
    start = pd.Series(pd.to_datetime(FIRST) + pd.to_timedelta(rng.integers(0, 3600, size), unit="D"))
    recurrence, death = rng.integers(130, 6000, size), rng.integers(130, 9000, size)
    end = (pd.Timestamp(SNAPSHOT) - start).dt.days.to_numpy()
    recurred = recurrence < np.minimum(death, end)
    early = pd.DataFrame(
        {
            "person_id": [f"p{i:03d}" for i in range(size)],
            "nation": "England",
            "diagnosis_date": start,
            "death_date": start + pd.to_timedelta(death, unit="D"),
        }
    )
    rows = early[recurred].assign(
        recurrence_date=(start + pd.to_timedelta(recurrence, unit="D"))[recurred], certainty="definite"
    )
    found = recurrence_rates(early, rows, SNAPSHOT).set_index(["certainty", "year"])
    followed = end > 120
    times = np.minimum(np.where(recurred, recurrence, death), end)[followed]
    cause = np.where(recurred, 1, np.where(death <= end, 2, 0))[followed]
    # The fitter spreads tied times at random by less than a day; the horizons lie between days.
    fitter = AalenJohansenFitter(calculate_variance=False, seed=1).fit(times, cause, event_of_interest=1)
    for year in (2, 5, 8):
        other = fitter.cumulative_density_.loc[: 365.25 * year].iloc[-1, 0]
        assert found.loc[("any", year), "incidence"] == pytest.approx(other, abs=2e-3)
