"""The English annual feed: the same nodes over full registration, with the recurrent cohort and receptor status."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.pipeline.releases import Refreshed

RECURRENT = {"P2", "R1"}


@pytest.fixture(scope="module")
def release(make) -> Refreshed:
    return make(people=8_000, dirt=0.0, seed=13, feed="england_annual", period="2023", through_dagster=False)


def test_cohort_and_dates_equal_the_truth_for_every_person(release):
    truth = release.true("people").query("in_cohort").set_index("person_id").sort_index()
    found = release.frame("people").set_index("person_id").sort_index()
    assert len(truth) > 150
    assert list(found.index) == list(truth.index)
    assert (pd.to_datetime(found["mbc_date"]) == pd.to_datetime(truth["mbc_date"])).all()


def test_every_indicator_of_the_new_cohort_equals_the_truth_for_every_person(release):
    truth = release.true("indicators").query("in_denominator")[["person_id", "indicator", "value"]]
    found = release.frame("person_indicators")
    definitions = release.frame("indicator_definitions")
    assert set(definitions.loc[definitions["available"], "indicator"]) == set(truth["indicator"]) | RECURRENT
    found = found[~found["indicator"].isin(RECURRENT)]
    both = truth.merge(found, on=["person_id", "indicator"], how="outer", suffixes=("_true", "_found"))
    differing = both[~both["value_true"].eq(both["value_found"])]
    assert differing.empty, differing.groupby("indicator").size().to_dict()


def test_biopsy_of_a_metastasis_equals_the_truth_for_every_person_with_a_recurrence_shown(release):
    first, last = pd.Timestamp("2020-01-01"), pd.Timestamp("2023-12-31")
    truth = release.true("recurrences")
    truth = truth[truth["shown"] & pd.to_datetime(truth["shown_date"]).between(first, last)]
    found = release.frame("person_indicators").query("indicator == 'P2'").set_index("person_id")["value"]
    assert len(truth) > 200
    assert set(found.index) == set(truth["person_id"])
    assert (found.loc[truth["person_id"]].to_numpy() == truth["biopsied"].astype(float).to_numpy()).all()


def test_the_recurrent_cohort_is_published_for_the_nation_and_called_experimental(release):
    released = release.frame("released_indicators").query("indicator == 'P2'")
    assert set(released["level"]) == {"nation"}
    assert set(released["period_kind"]) == {"quarter", "rolling four quarters", "audit period"}
    definitions = release.frame("released_definitions").set_index("indicator")
    assert set(definitions.loc[["P2", "R1"], "status"]) == {"experimental"}
    rates = release.frame("released_recurrence_rates").query("certainty == 'any'").set_index("year")
    assert 0 < rates.loc[1, "incidence"] < rates.loc[5, "incidence"] < 0.5
    evidence = release.frame("released_recurrence_evidence").query("source == 'any'")
    assert evidence["people"].sum() == len(release.frame("recurrent_facts"))


def test_the_audit_period_is_three_calendar_years(release):
    released = release.frame("released_indicators").query("period_kind == 'audit period'")
    assert set(released["period"]) == {"2021 to 2023"}
    assert "P10_1y" in set(released["indicator"])
