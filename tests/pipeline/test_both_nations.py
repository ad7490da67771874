"""England and Wales together: Welsh registry layouts, people registered in both nations, and what both can say.

The Welsh delivery is written beside the English one and compared with its own truth, person by person; the joint release
with the truth of both. `NAOME_TEST_PEOPLE=20000 make test TESTS=tests/pipeline/test_both_nations.py` tries more people.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import pandas as pd
import pytest

from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.synthetic import write_delivery
from tests.pipeline.releases import VOLUME, Refreshed, build_every_node, united

# Of both nations together.
PEOPLE = int(os.environ.get("NAOME_TEST_PEOPLE", "4000"))
WELSH_SHARE = 0.4
WALES, ENGLAND = "wales_annual", "england_annual"
# Indicators of the recurrent cohort: their truth is the table `recurrences`.
RECURRENT = {"P2", "R1"}
FIRST, LAST = pd.Timestamp("2020-01-01"), pd.Timestamp("2023-12-31")


@dataclass
class Nations:
    """One home with the release of each nation and of both."""

    england: Refreshed
    wales: Refreshed
    both: Refreshed

    @property
    def parts(self) -> dict[str, Refreshed]:
        return {ENGLAND: self.england, WALES: self.wales}


def refreshed(make, dirt: float, people: int) -> Nations:
    welsh = round(people * WELSH_SHARE)
    english = make(
        people=people - welsh, dirt=dirt, seed=19, feed=ENGLAND, period="2023", through_dagster=False
    )
    delivery = english.delivery.with_name("welsh")
    write_delivery(
        delivery,
        people=welsh,
        dirt=dirt,
        seed=19,
        feed=WALES,
        period="2023",
        volume=VOLUME,
        beside=english.delivery,
    )
    receive_delivery(delivery, english.home.landing)
    build_every_node(english.home, feed=WALES, period="2023")
    wales = Refreshed(english.home, delivery, delivery.with_name("welsh-truth"), feed=WALES, period="2023")
    return Nations(english, wales, united(english, when_read=True))


@pytest.fixture(scope="module")
def nations(make) -> Nations:
    return refreshed(make, 0.0, PEOPLE)


def true_cohort(release: Refreshed) -> pd.DataFrame:
    return release.true("people").query("in_cohort").set_index("person_id").sort_index()


def true_indicators(release: Refreshed) -> pd.DataFrame:
    """person_id, indicator, value of everybody in a denominator, P2 of the recurrent cohort with them."""
    table = release.true("indicators").query("in_denominator")[["person_id", "indicator", "value"]]
    shown = release.true("recurrences")
    shown = shown[shown["shown"] & pd.to_datetime(shown["shown_date"]).between(FIRST, LAST)]
    biopsies = pd.DataFrame(
        {"person_id": shown["person_id"], "indicator": "P2", "value": shown["biopsied"].astype(float)}
    )
    return pd.concat([table, biopsies], ignore_index=True)


def true_home(nations: Nations) -> pd.Series:
    """Feed in which each person registered in both nations counts: that of the first metastatic event, in whatever quarter,
    else of the first registration, else England."""
    rows = []
    for place, (feed, release) in enumerate(nations.parts.items()):
        people = release.true("people")
        shown = release.true("recurrences").set_index("person_id")["shown_date"]
        recurred = pd.to_datetime(people["person_id"].map(shown))
        event = pd.to_datetime(people["mbc_date"]).where(people["de_novo"]).fillna(recurred)
        diagnosis = pd.to_datetime(people["mbc_date"])
        rows.append(
            pd.DataFrame(
                {
                    "person_id": people["person_id"],
                    "feed": feed,
                    "event": event,
                    "diagnosis": diagnosis,
                    "place": place,
                }
            )
        )
    table = pd.concat(rows, ignore_index=True)
    twice = table[table.duplicated("person_id", keep=False)]
    return (
        twice.sort_values(["event", "diagnosis", "place"])
        .drop_duplicates("person_id")
        .set_index("person_id")["feed"]
    )


def test_welsh_cohort_dates_and_health_boards_equal_the_truth_for_every_person(nations):
    truth = true_cohort(nations.wales)
    found = nations.wales.frame("people").set_index("person_id").sort_index()
    assert len(truth) > 30
    assert list(found.index) == list(truth.index)
    assert (pd.to_datetime(found["mbc_date"]) == pd.to_datetime(truth["mbc_date"])).all()
    assert (found["trust_code"] == truth["trust"]).all()
    assert set(found["trust_code"].str[:2]) == {"7A"}
    assert found["alliance_code"].isna().all()


def test_both_registry_layouts_bring_people_to_the_cohort(nations):
    names = {path.name for path in nations.wales.delivery.iterdir()}
    assert {"canisc_diagnosis.csv", "cdf_diagnosis.csv", "pedw.txt", "wimd.csv"} <= names
    years = pd.to_datetime(nations.wales.frame("people")["mbc_date"]).dt.year
    assert (years < 2022).any()
    assert (years >= 2022).any()


@pytest.mark.parametrize("feed", [ENGLAND, WALES])
def test_every_indicator_of_a_nation_equals_the_truth_for_every_person(nations, feed):
    release = nations.parts[feed]
    truth, found = true_indicators(release), release.frame("person_indicators")
    definitions = release.frame("indicator_definitions")
    available = set(definitions.loc[definitions["available"], "indicator"])
    assert available == set(release.true("indicators")["indicator"]) | RECURRENT
    both = truth.merge(found, on=["person_id", "indicator"], how="outer", suffixes=("_true", "_found"))
    differing = both[~both["value_true"].eq(both["value_found"])]
    assert differing.empty, differing.groupby("indicator").size().to_dict()


def test_welsh_case_mix_equals_the_truth_for_every_person(nations):
    truth = true_cohort(nations.wales)
    found = nations.wales.frame("case_mix").set_index("person_id").sort_index()
    for column in ("age", "imd_quintile", "charlson", "scarf", "bone", "liver", "lung", "brain", "other"):
        differing = found[column].astype("Float64").ne(truth[column].astype("Float64")).fillna(False)
        assert not differing.any(), column
    for column in ("frailty", "performance_status", "sex"):
        assert (found[column].fillna("").astype(str) == truth[column].fillna("").astype(str)).all(), column


@pytest.mark.parametrize("feed", [ENGLAND, WALES])
def test_recurrences_are_what_the_records_show_for_every_person(nations, feed):
    release = nations.parts[feed]
    shown = release.true("recurrences").query("shown").set_index("person_id").sort_index()
    found = release.frame("recurrences").set_index("person_id").sort_index()
    assert len(shown) > 100
    assert list(found.index) == list(shown.index)
    assert (pd.to_datetime(found["recurrence_date"]) == pd.to_datetime(shown["shown_date"])).all()
    assert (found["certainty"] == shown["certainty"]).all()
    assert set(found["certainty"]) == {"definite", "probable", "possible"}


def test_people_registered_in_both_nations_count_once_where_their_disease_first_spread(nations):
    home = true_home(nations)
    assert set(home) == {ENGLAND, WALES}
    found = nations.both.frame("registered_twice").set_index("person_id")["kept_in"]
    assessed = [set(part.frame("cohort_assessment")["person_id"]) for part in nations.parts.values()]
    assert set(found.index) == assessed[0] & assessed[1]
    assert found.sort_index().equals(home.loc[found.index].sort_index().rename("kept_in").astype(found.dtype))
    people = nations.both.frame("people")
    assert people["person_id"].is_unique


def test_the_identifiers_of_the_nations_do_not_collide_but_on_purpose(nations):
    ids = [set(part.true("people")["person_id"]) for part in nations.parts.values()]
    welsh = len(ids[1])
    assert 8 <= len(ids[0] & ids[1]) <= max(8, 0.01 * welsh)


def test_the_joint_cohort_and_every_joint_indicator_equal_the_truth_of_both_nations(nations):
    home = true_home(nations)
    cohorts, values = [], []
    for feed, part in nations.parts.items():
        elsewhere = set(home[home != feed].index)
        cohort = true_cohort(part).reset_index()
        cohorts.append(cohort[~cohort["person_id"].isin(elsewhere)])
        truth = true_indicators(part)
        values.append(truth[~truth["person_id"].isin(elsewhere)])
    truth = pd.concat(cohorts).set_index("person_id").sort_index()
    found = nations.both.frame("people").set_index("person_id").sort_index()
    assert list(found.index) == list(truth.index)
    assert (pd.to_datetime(found["mbc_date"]) == pd.to_datetime(truth["mbc_date"])).all()
    both = pd.concat(values).merge(
        nations.both.frame("person_indicators"),
        on=["person_id", "indicator"],
        how="outer",
        suffixes=("_true", "_found"),
    )
    differing = both[~both["value_true"].eq(both["value_found"])]
    assert differing.empty, differing.groupby("indicator").size().to_dict()


def test_what_wales_cannot_support_is_not_available_there_with_the_reason(nations):
    definitions = nations.both.frame("released_definitions").set_index("indicator")
    reasons = {
        "P6": "no prescriptions of general practice",
        "C3": "oestrogen receptor is not delivered",
        "C7": "overall result is not delivered",
    }
    for indicator in ("P6", "C3"):
        assert definitions.loc[indicator, "nations"] == "England"
        assert definitions.loc[indicator, "not_in"].startswith("Wales: ")
        assert reasons[indicator] in definitions.loc[indicator, "not_in"]
    assert not definitions.loc["C7", "available"]
    assert reasons["C7"] in definitions.loc["C7", "reason"]
    assert definitions.loc["P1", "nations"] == "England, Wales"
    released = nations.both.frame("released_indicators")
    assert set(released.loc[released["indicator"] == "P6", "nation"]) == {"England"}


def test_the_audit_period_is_three_calendar_years_for_each_nation_and_both(nations):
    released = nations.both.frame("released_indicators").query("period_kind == 'audit period'")
    assert set(released["period"]) == {"2021 to 2023"}
    both = released[released["level"] == "both_nations"]
    assert not set(both["indicator"]) & {"P6", "C3", "C7", "C11"}
    assert {"P1", "P3", "P4", "P5", "P7", "P8", "P9", "P10_1y", "T1_31d", "P2"} <= set(both["indicator"])
    assert len(set(both["subgroup"])) > 8
    keys = ["indicator", "subgroup"]
    whole = both.set_index(keys)[["numerator", "denominator"]]
    nation = released[released["level"] == "nation"]
    parts = nation[nation["indicator"].isin(set(both["indicator"]))].groupby(keys)
    summed = parts[["numerator", "denominator"]].sum(min_count=1).loc[whole.index]
    counted = whole["numerator"].notna()
    assert counted.sum() > 100
    assert whole["denominator"].eq(summed["denominator"]).all()
    assert whole.loc[counted, "numerator"].eq(summed.loc[counted, "numerator"]).all()


def test_welsh_health_boards_are_levels_of_their_own_and_stand_in_the_funnels(nations):
    boards = {"7A1", "7A2", "7A3", "7A4", "7A5", "7A6"}
    released = nations.both.frame("released_indicators")
    trusts = released[(released["level"] == "trust") & (released["nation"] == "Wales")]
    assert set(trusts["unit_code"]) == boards
    assert trusts["alliance_code"].fillna("").eq("").all()
    assert set(trusts["subgroup"]) == {"all"}
    compared = nations.both.frame("provider_comparison")
    assert boards <= set(compared["trust_code"])
    funnel = nations.both.frame("released_comparison")
    assert boards <= set(funnel["trust_code"])


def test_the_released_tables_say_that_the_welsh_layouts_are_assumptions(nations):
    provenance = nations.both.frame("provenance").query("kind == 'layout'").set_index("item")
    welsh = provenance[provenance.index.str.startswith("Wales: ")]
    assert len(welsh) == 20
    assert set(welsh["basis"]) == {"assumption"}
    assert "WIMD quintile 1 is the most deprived" in welsh.loc["Wales: tumours canisc", "note"]
    assert provenance.loc["England: tumours ncrd_odr_v8", "basis"] == "published"
    data_sets = nations.both.frame("released_data_sets").set_index("data_set")
    assert data_sets.loc[["tumours", "registry_treatments"], "layout_assumed"].all()
    assert not data_sets.loc["pcpd", "layout_assumed"]


def test_dirt_in_a_welsh_delivery_is_found_row_by_row_and_hurts_nobody_else(make):
    release = make(people=2_000, dirt=0.03, seed=23, feed=WALES, period="2023", through_dagster=False)
    planted = release.true("dirt")
    found = release.quarantine()[["file", "line", "reason"]].drop_duplicates()
    assert len(planted) > 200
    assert {str(name).split("_")[0].split(".")[0] for name in planted["file"]} == {
        "canisc",
        "cdf",
        "pedw",
        "adde",
    }
    both = planted[["file", "line", "reason"]].merge(found, how="outer", indicator=True)
    assert (both["_merge"] == "both").all(), both.groupby("_merge", observed=True).size().to_dict()
    hurt = set(planted.loc[planted["destroyed"], "person_id"].dropna())
    truth = true_cohort(release)
    people = release.frame("people").set_index("person_id")
    assert set(truth.index) - hurt == set(people.index) - hurt
    values = true_indicators(release).merge(
        release.frame("person_indicators"),
        on=["person_id", "indicator"],
        how="outer",
        suffixes=("_true", "_found"),
    )
    values = values[~values["person_id"].isin(hurt)]
    differing = values[~values["value_true"].eq(values["value_found"])]
    assert differing.empty, differing.groupby("indicator").size().to_dict()
