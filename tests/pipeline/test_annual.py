"""The English annual feed: the same nodes over full registration, with receptor status, and the recurrent
cohort against the truth: what the records show, and how much of what happened they show."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from naome_pipeline.cohort.explanation import explain
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.disclosure.release import CountedTables, control_of
from naome_pipeline.indicators.registry import registry
from tests.pipeline.releases import Refreshed, united
from tests.pipeline.scanning import SCANS

RECURRENT = {"P2", "R1"}


@pytest.fixture(scope="module")
def release(make) -> Refreshed:
    return make(people=8_000, dirt=0.0, seed=13, feed="england_annual", period="2023", through_dagster=False)


@pytest.fixture(scope="module")
def audit(release) -> Refreshed:
    """The joint release over the English one: what is published, small numbers hidden."""
    return united(release, policy="public")


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


@pytest.mark.parametrize("scan", SCANS)
def test_every_output_file_of_the_joint_release_is_scanned(audit, scan):
    scan(audit, 1)


def test_every_indicator_is_protected_in_the_periods_it_is_published_for_and_no_others(audit):
    """Also the last one of the new cohort, beside indicators of the recurrent one, which need no protection."""
    tables = CountedTables(
        **{field.name: audit.frame(field.name) for field in dataclasses.fields(CountedTables)}
    )
    control = control_of(tables, registry(), policies()["public"])
    counts, names = tables.indicator_counts, control.population.indicators
    assert set(counts["indicator"]) > set(names)
    spans = control.periods.table
    for name, eligible in zip(names, control._complete, strict=True):
        wanted = counts.loc[counts["indicator"] == name, ["period_kind", "period"]].drop_duplicates()
        assert set(spans[eligible].itertuples(index=False, name=None)) == set(
            wanted.itertuples(index=False, name=None)
        ), name


def test_the_recurrent_cohort_is_published_for_the_nation_and_called_experimental(audit):
    released = audit.frame("released_indicators").query("indicator == 'P2'")
    assert set(released["level"]) == {"nation"}
    assert set(released["period_kind"]) == {"quarter", "rolling four quarters", "audit period"}
    definitions = audit.frame("released_definitions").set_index("indicator")
    assert set(definitions.loc[["P2", "R1"], "status"]) == {"experimental"}
    rates = audit.frame("released_recurrence_rates").query("certainty == 'any'").set_index("year")
    assert 0 < rates.loc[1, "incidence"] < rates.loc[5, "incidence"] < 0.5
    evidence = audit.frame("released_recurrence_evidence").query("source == 'any'")
    assert evidence["people"].sum() == len(audit.frame("recurrent_facts"))


def test_the_audit_period_is_three_calendar_years(audit):
    released = audit.frame("released_indicators").query("period_kind == 'audit period'")
    assert set(released["period"]) == {"2021 to 2023"}
    assert "P10_1y" in set(released["indicator"])


def test_a_recurrence_is_explained_with_its_certainty_its_sources_and_that_it_is_experimental(release):
    recurrences = release.frame("recurrences")
    for certainty in ("definite", "probable", "possible"):
        rows = recurrences[recurrences["reported"] & (recurrences["certainty"] == certainty)]
        person = rows.sort_values("person_id").iloc[0]
        answer = explain(release.lake, person["person_id"], release.feed, release.period)
        said = "\n".join(answer.lines())
        assert answer.verdict.startswith("in the recurrent cohort (experimental)")
        assert f"Distant recurrence on {person['recurrence_date'].date()}" in said
        assert f"{certainty}: " in said
        assert len(answer.evidence) >= person["sources"] - 1
        assert [line.split()[0] for line in answer.indicators] == ["P2"]
    later = recurrences[~recurrences["reported"]].sort_values("person_id")["person_id"].iloc[0]
    answer = explain(release.lake, later, release.feed, release.period)
    assert "a distant recurrence (experimental) lies outside the reported quarters" in answer.verdict
    assert answer.indicators == []


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


def test_where_evidence_exists_recurrence_is_found_better_than_by_the_published_algorithm(both):
    """Sensitivity above 95.6% among those with any record of it, specificity above 91.9% (audit specification, section 3)."""
    known = both[both["_merge"] != "right_only"]
    found = known["recurrence_date"].notna()
    recorded = known["recurred"] & known["shown"]
    assert found[recorded].mean() > 0.956
    assert (~found[~known["recurred"]]).mean() > 0.919


def test_nobody_is_in_both_cohorts(release):
    assert not set(release.frame("people")["person_id"]) & set(release.frame("recurrences")["person_id"])
