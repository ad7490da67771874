"""Attrition: each step removes what it says, and the steps end in the cohort."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import naome_pipeline
from naome_pipeline.engine import Engine, EngineSettings, open_connection

SQL = (Path(naome_pipeline.__file__).parent / "cohort" / "attrition.sql").read_text(encoding="utf-8")
EXCLUSIONS = [
    None,
    None,
    "not_known_to_be_adult",
    "death_certificate_only",
    "not_diagnosed_in_nhs_hospital",
    "death_before_diagnosis",
    "outside_reported_quarters",
    "outside_reported_quarters",
    "no_evidence_of_distant_spread",
]


def steps(tmp_path: Path, exclusions: list[str | None]) -> pd.DataFrame:
    people = pd.DataFrame(
        {"person_id": range(len(exclusions)), "exclusion": pd.Series(exclusions, dtype=object)}
    )
    tumours = pd.DataFrame(
        {
            "site_icd10": ["C509"] * (len(exclusions) + 2) + ["C443", "C509"],
            "behaviour": [None] * (len(exclusions) + 3) + ["2"],
        }
    )
    delivered = pd.DataFrame(
        {"data_set": ["tumours", "cosd"], "rows_in": [len(tumours) + 3, 99], "rows_quarantined": [3, 9]}
    )
    with open_connection(EngineSettings.from_environment(tmp_path)) as connection:
        engine = Engine(connection)
        engine.attach({"cohort_assessment": people, "tumours": tumours, "delivered_rows": delivered})
        return engine.fetch(f"SELECT * FROM ({engine.prepare(SQL, {})}) ORDER BY step")


def test_every_step_removes_what_it_says(tmp_path):
    found = steps(tmp_path, EXCLUSIONS)
    assert list(found["removed"]) == [0, 3, 2, 2, 1, 1, 1, 1, 2, 1]
    assert list(found["remaining"]) == [16, 13, 11, 9, 8, 7, 6, 5, 3, 2]


def test_each_remainder_is_the_one_before_less_what_was_removed(tmp_path):
    found = steps(tmp_path, EXCLUSIONS)
    before = found["remaining"].shift().iloc[1:]
    assert (before - found["removed"].iloc[1:] == found["remaining"].iloc[1:]).all()


def test_the_steps_end_in_the_cohort(tmp_path):
    assert steps(tmp_path, EXCLUSIONS)["remaining"].iloc[-1] == EXCLUSIONS.count(None)
