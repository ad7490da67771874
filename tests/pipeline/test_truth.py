"""The pipeline against the synthetic truth: two readings of the specification that must agree for every person."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import pytest

from tests.pipeline.releases import Refreshed


@pytest.fixture(scope="module")
def clean(make) -> Refreshed:
    return make(people=20_000, dirt=0.0, when_read=True)


@pytest.fixture(scope="module")
def with_receptors(make) -> Refreshed:
    return make(people=6_000, dirt=0.0, receptors=True, seed=11, when_read=True)


@pytest.fixture(scope="module")
def dirty(make) -> Refreshed:
    return make(people=6_000, dirt=0.02, seed=3, when_read=True)


def true_cohort(release: Refreshed) -> pd.DataFrame:
    people = release.true("people")
    return people[people["in_cohort"]].set_index("person_id").sort_index()


def affected_people(release: Refreshed) -> set[str]:
    """People of whom a real row was planted unusable."""
    dirt = release.true("dirt")
    return set(dirt.loc[dirt["destroyed"], "person_id"].dropna()) - {""}


def true_indicators(release: Refreshed) -> pd.DataFrame:
    """The truth of a quarterly delivery, which reports nobody five years after diagnosis."""
    truth = release.true("indicators")
    return truth[truth["indicator"] != "P10_5y"]


def compare_indicators(release: Refreshed, left_out: Collection[str] = ()) -> pd.DataFrame:
    """Rows where the pipeline and the truth differ, over all people and indicators, both ways."""
    truth = true_indicators(release)
    truth = truth[truth["in_denominator"]][["person_id", "indicator", "value"]]
    found = release.frame("person_indicators")
    both = truth.merge(found, on=["person_id", "indicator"], how="outer", suffixes=("_true", "_found"))
    both = both[~both["person_id"].isin(set(left_out))]
    same = both["value_true"].eq(both["value_found"])
    return both[~same]


@pytest.mark.parametrize("name", ["clean", "with_receptors"])
def test_cohort_membership_and_dates_equal_the_truth_for_every_person(name, request):
    release: Refreshed = request.getfixturevalue(name)
    truth = true_cohort(release)
    found = release.frame("people").set_index("person_id").sort_index()
    assert len(truth) > 50
    assert list(found.index) == list(truth.index)
    assert (pd.to_datetime(found["mbc_date"]) == pd.to_datetime(truth["mbc_date"])).all()
    assert (found["trust_code"] == truth["trust"]).all()
    assert (found["alliance_code"].fillna("") == truth["alliance_code"].fillna("")).all()


@pytest.mark.parametrize("name", ["clean", "with_receptors"])
def test_every_available_indicator_equals_the_truth_for_every_person(name, request):
    release: Refreshed = request.getfixturevalue(name)
    definitions = release.frame("indicator_definitions")
    available = set(definitions.loc[definitions["available"], "indicator"])
    assert available == set(true_indicators(release)["indicator"])
    differing = compare_indicators(release)
    assert differing.empty, differing.groupby("indicator").size().to_dict()


def test_receptor_indicators_are_available_only_where_receptors_are_delivered(clean, with_receptors):
    receptor_defined = {"P3", "P3_her2_negative", "P4", "D3", "C3", "C4", "C5", "C6"}
    for release, expected in ((clean, set()), (with_receptors, receptor_defined)):
        definitions = release.frame("indicator_definitions")
        available = set(definitions.loc[definitions["available"], "indicator"])
        assert available & receptor_defined == expected
        assert set(release.frame("released_indicators")["indicator"]) & receptor_defined <= expected


def test_case_mix_equals_the_truth_for_every_person(with_receptors):
    truth = true_cohort(with_receptors)
    found = with_receptors.frame("case_mix").set_index("person_id").sort_index()
    for column in ("age", "imd_quintile", "charlson", "scarf", "bone", "liver", "lung", "brain", "other"):
        differing = found[column].astype("Float64").ne(truth[column].astype("Float64")).fillna(False)
        assert not differing.any(), column
    for column in ("frailty", "performance_status", "sex"):
        assert (found[column].fillna("").astype(str) == truth[column].fillna("").astype(str)).all(), column


def test_evidence_ledger_equals_the_truth(clean):
    cohort = set(true_cohort(clean).index)
    truth = clean.true("evidence")
    truth = truth[truth["person_id"].isin(cohort)]
    found = clean.frame("evidence_ledger")
    found = found[found["person_id"].isin(cohort)]
    keys = ["person_id", "source"]
    both = truth.merge(found, on=keys, how="outer", indicator=True)
    assert (both["_merge"] == "both").all(), both["_merge"].value_counts().to_dict()
    assert (pd.to_datetime(both["date"]) == pd.to_datetime(both["evidence_date"])).all()


def test_dirt_changes_nothing_for_people_whose_rows_were_usable(dirty):
    hurt = affected_people(dirty)
    truth = true_cohort(dirty)
    found = dirty.frame("people").set_index("person_id")
    assert set(truth.index) - hurt == set(found.index) - hurt
    assert len(set(truth.index) - hurt) > 30
    differing = compare_indicators(dirty, left_out=hurt)
    assert differing.empty, differing.groupby("indicator").size().to_dict()


def test_every_planted_bad_row_is_in_quarantine_with_its_reason(dirty):
    planted = dirty.true("dirt")[["file", "line", "reason"]]
    found = dirty.quarantine()[["file", "line", "reason"]]
    assert len(planted) > 100
    both = planted.merge(found, on=["file", "line", "reason"], how="outer", indicator=True)
    missing = both[both["_merge"] == "left_only"]
    unexpected = both[(both["_merge"] == "right_only") & (both["reason"] != "trailer_line")]
    assert missing.empty, missing.groupby(["file", "reason"]).size().to_dict()
    assert unexpected.empty, unexpected.groupby(["file", "reason"]).size().to_dict()


@pytest.mark.parametrize("name", ["clean", "dirty"])
def test_no_row_is_unaccounted_for(name, request):
    release: Refreshed = request.getfixturevalue(name)
    rows = release.frame("delivered_rows")
    assert (rows["rows_in"] == rows["rows_out"] + rows["rows_quarantined"]).all()
    delivered = set(rows.loc[rows["delivered"], "data_set"])
    assert {"tumours", "cosd", "hes_apc", "sact", "rtds", "deaths"} <= delivered


def test_the_quarterly_feed_publishes_no_indicator_of_the_recurrent_cohort(with_receptors):
    definitions = with_receptors.frame("released_definitions").set_index("indicator")
    assert not definitions.loc[["P2", "R1"], "available"].any()
    assert set(definitions.loc[["P2", "R1"], "reason"]) == {
        "the recurrent cohort is not reported from the quarterly feed"
    }
    assert not set(with_receptors.frame("released_indicators")["indicator"]) & {"P2", "R1"}
    assert with_receptors.frame("released_recurrence_evidence").empty
    assert with_receptors.frame("recurrence_evidence")["people"].gt(0).all()
