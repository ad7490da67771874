"""The recurrent cohort against the synthetic truth: what the records show, and how much of what happened they show."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.pipeline.releases import Refreshed


@pytest.fixture(scope="module")
def release(make) -> Refreshed:
    return make(people=8_000, dirt=0.0, seed=5, through_dagster=False)


@pytest.fixture(scope="module")
def both(release) -> pd.DataFrame:
    """Truth and pipeline side by side, one row per person with early disease at diagnosis."""
    found = release.frame("recurrences")[["person_id", "recurrence_date", "certainty"]]
    return release.true("recurrences").merge(
        found, on="person_id", how="outer", suffixes=("", "_found"), indicator=True
    )


def test_cohort_dates_and_certainty_are_what_the_records_show(both):
    shown = both[both["shown"]]
    assert len(shown) > 500
    assert set(both.loc[both["recurrence_date"].notna(), "person_id"]) == set(shown["person_id"])
    assert (pd.to_datetime(shown["recurrence_date"]) == pd.to_datetime(shown["shown_date"])).all()
    assert (shown["certainty_found"] == shown["certainty"]).all()
    assert set(shown["certainty"]) == {"definite", "probable", "possible"}


def test_biopsies_equal_the_truth_for_everybody_reported(release, both):
    facts = release.frame("recurrent_facts").merge(both, on="person_id")
    assert len(facts) > 100
    assert (facts["metastasis_biopsied"] == facts["biopsied"]).all()
    assert 0.1 < facts["biopsied"].mean() < 0.9


def test_where_evidence_exists_recurrence_is_found_better_than_by_the_published_algorithm(both):
    """Sensitivity above 95.6% among those with any record of it, specificity above 91.9% (audit specification, section 3)."""
    known = both[both["_merge"] != "right_only"]
    found = known["recurrence_date"].notna()
    recorded = known["recurred"] & known["shown"]
    assert found[recorded].mean() > 0.956
    assert (~found[~known["recurred"]]).mean() > 0.919


def test_nobody_is_in_both_cohorts(release):
    assert not set(release.frame("people")["person_id"]) & set(release.frame("recurrences")["person_id"])


def test_the_quarterly_feed_publishes_no_indicator_of_the_recurrent_cohort(release):
    definitions = release.frame("released_definitions").set_index("indicator")
    assert not definitions.loc[["P2", "R1"], "available"].any()
    assert not set(release.frame("released_indicators")["indicator"]) & {"P2", "R1"}
    assert release.frame("released_recurrence_evidence").empty
    assert release.frame("recurrence_evidence")["people"].gt(0).all()
