"""First treatment where death competes, by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from naome_pipeline.outcomes.survival import treatment_incidence

SNAPSHOT = dt.date(2025, 12, 31)


def facts(rows: Sequence[tuple[int | None, int | None]], mbc_date: str = "2024-01-01") -> pd.DataFrame:
    """People by (day of first treatment, day of death)."""
    table = pd.DataFrame(rows, columns=["days_to_treatment", "days_to_death"], dtype="float64")
    return table.assign(
        person_id=[f"P{n}" for n in range(len(rows))],
        mbc_date=pd.Timestamp(mbc_date),
        nation="England",
        alliance_code="E1",
        trust_code="T1",
    )


def of_nation(table: pd.DataFrame) -> Any:
    subgroups = pd.DataFrame({"person_id": [], "subgroup": []})
    found = treatment_incidence(table, subgroups, SNAPSHOT)
    return found[found["level"] == "nation"].set_index("day")


def test_people_who_died_untreated_stay_in_the_denominator():
    found = of_nation(facts([(0, None), (20, 400), (None, 10), (70, None), (None, None)]))
    assert found["incidence"].to_dict() == pytest.approx({31: 0.4, 62: 0.4, 90: 0.6, 180: 0.6, 365: 0.6})
    assert found["died_untreated"].to_dict() == pytest.approx(dict.fromkeys(found.index, 0.2))
    assert found.loc[90, "treated"] == 3
    assert found.loc[90, "people"] == 5


def test_people_still_followed_are_not_counted_as_untreated():
    # Ten people followed for 100 days, five of them treated on day 30: nothing is known about day 180.
    recent = facts([(30, None)] * 5 + [(None, None)] * 5, "2025-09-22")
    found = of_nation(recent)
    assert found.loc[90, "incidence"] == pytest.approx(0.5)
    assert pd.isna(found.loc[180, "incidence"])
