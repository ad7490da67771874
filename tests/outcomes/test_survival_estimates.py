"""Survival of groups of the cohort, with follow-up that ends at the snapshot."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from naome_pipeline.outcomes.survival import survival_estimates

SNAPSHOT = dt.date(2025, 12, 31)


def facts(*people: tuple[str, int, int | None]) -> pd.DataFrame:
    """(trust, days of follow-up at the snapshot, days to death or None) per person."""
    return pd.DataFrame(
        [
            {
                "person_id": str(n),
                "mbc_date": pd.Timestamp(SNAPSHOT) - pd.Timedelta(days=followed),
                "days_to_death": death,
                "nation": "England",
                "alliance_code": "E1",
                "trust_code": trust,
            }
            for n, (trust, followed, death) in enumerate(people)
        ]
    ).astype({"days_to_death": "Float64"})


def at(table: pd.DataFrame, level: str, time: int, subgroup: str = "all") -> pd.Series:
    found = table[(table["level"] == level) & (table["time"] == time) & (table["subgroup"] == subgroup)]
    assert len(found) == 1
    return found.iloc[0]


NO_GROUPS = pd.DataFrame({"person_id": ["0"], "subgroup": ["all"]})


def test_kaplan_meier_by_hand_with_people_still_followed():
    # At risk 4, one death at 100; one censored at 200; at risk 2, one death at 300: 3/4 x 1/2.
    table = survival_estimates(
        facts(("A", 900, 100), ("A", 200, None), ("A", 900, 300), ("A", 900, None)), NO_GROUPS, SNAPSHOT
    )
    assert at(table, "nation", 365)["survival"] == pytest.approx(0.375)
    assert at(table, "nation", 365)["deaths"] == 2


def test_beyond_the_longest_follow_up_nothing_is_said():
    table = survival_estimates(facts(("A", 900, 100), ("A", 900, None)), NO_GROUPS, SNAPSHOT)
    assert pd.isna(at(table, "nation", 1826)["survival"])


def test_a_death_after_the_snapshot_has_not_happened_yet():
    table = survival_estimates(facts(("A", 500, 600), ("A", 900, 100)), NO_GROUPS, SNAPSHOT)
    assert at(table, "nation", 365)["deaths"] == 1


def test_subgroups_go_to_the_nation_only():
    groups = pd.DataFrame({"person_id": ["0", "1", "0"], "subgroup": ["all", "all", "men"]})
    table = survival_estimates(facts(("A", 900, 100), ("B", 900, None)), groups, SNAPSHOT)
    assert set(table.loc[table["subgroup"] == "men", "level"]) == {"nation"}
    assert at(table, "nation", 365, "men")["people"] == 1
