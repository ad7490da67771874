"""A delivery without deaths, or without systemic treatment: what rests on them is not published, and every output says why."""

from __future__ import annotations

import pytest

from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.synthetic import write_delivery
from tests.pipeline.outputs import packed_parts, prose
from tests.pipeline.releases import VOLUME, Refreshed, build_every_node, leave_out, united

NO_DEATHS = "Not available from this feed: it needs the date of death, not delivered here."
NO_DRUGS = "Not available from this feed: it needs the dates of systemic treatment, not delivered here."
ENGLAND, WALES, PERIOD = "england_annual", "wales_annual", "2023"
OF_DEATHS = {"P9", "P10_1y", "P10_3y", "P10_5y", "T2", "R1"}


def made_without(make, *names: str) -> Refreshed:
    return make(people=2_000, seed=21, through_dagster=False, without=names)


@pytest.fixture(scope="module")
def no_deaths(make) -> Refreshed:
    return made_without(make, "deaths.txt")


@pytest.fixture(scope="module")
def no_drugs(make) -> Refreshed:
    return made_without(make, "sact.csv")


@pytest.fixture(scope="module")
def deaths_of_england_alone(make) -> Refreshed:
    """The joint release of an English delivery with deaths and a Welsh one without."""
    release = make(people=2_500, seed=23, feed=ENGLAND, period=PERIOD, through_dagster=False)
    welsh = release.delivery.with_name("welsh")
    write_delivery(
        welsh, people=1_500, seed=23, feed=WALES, period=PERIOD, volume=VOLUME, beside=release.delivery
    )
    leave_out(welsh, ["adde_deaths.csv"])
    receive_delivery(welsh, release.home.landing)
    build_every_node(release.home, feed=WALES, period=PERIOD)
    return united(release)


def page_of(release: Refreshed, name: str = "index.html"):
    return release.home.reports / release.feed / release.period / "v001" / name


def why(release: Refreshed, outcome: str) -> list[str]:
    page = page_of(release).read_text(encoding="utf-8")
    return packed_parts(page)["data"]["outcomes"]["why"][outcome]


def test_without_deaths_nobody_is_said_to_have_survived(no_deaths):
    for table in ("survival_estimates", "survival_comparison", "released_survival"):
        assert no_deaths.frame(table).empty, table
    for table in ("released_indicators", "released_comparison", "released_risk_models", "released_variation",
                  "released_factors", "released_yearly_change", "released_series"):  # fmt: skip
        assert not OF_DEATHS & set(no_deaths.frame(table)["indicator"]), table
    assert why(no_deaths, "survival") == [NO_DEATHS]


def test_without_deaths_death_cannot_compete_with_treatment(no_deaths):
    assert no_deaths.frame("released_treatment_incidence").empty
    assert why(no_deaths, "treatment") == [NO_DEATHS]


def test_without_systemic_treatment_time_to_treatment_is_not_that_of_the_other_treatments(no_drugs):
    assert no_drugs.frame("treatment_incidence").empty
    assert no_drugs.frame("released_treatment_incidence").empty
    assert not no_drugs.frame("released_survival").empty
    assert why(no_drugs, "treatment") == [NO_DRUGS]
    assert why(no_drugs, "survival") == []


def test_what_one_nation_did_not_deliver_is_published_of_the_other_alone(deaths_of_england_alone):
    release, said = deaths_of_england_alone, NO_DEATHS.replace("from this feed", "in Wales")
    for table in ("survival_estimates", "treatment_incidence"):
        whole = release.frame(table).query("level in ['nation', 'both_nations']")
        assert set(whole["unit_code"]) == {"England"}, table
    assert set(release.frame("released_recurrence_rates")["nation"]) == {"England"}
    assert not release.frame("survival_comparison")["trust_code"].str.startswith("7A").any()
    assert why(release, "survival") == why(release, "treatment") == [said]
    assert said in " ".join(prose(page_of(release, "state-of-the-nation.html")).split())
