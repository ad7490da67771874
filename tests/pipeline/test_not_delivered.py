"""A delivery without one of its data sets: what rests on it is not published, every output says why, and what is published has
the number it has of the whole delivery."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from naome_pipeline.deliveries.manifest import read_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.home import Home
from naome_pipeline.synthetic import write_delivery
from tests.pipeline.outputs import packed_parts, prose
from tests.pipeline.releases import (
    VOLUME,
    Refreshed,
    build_every_node,
    build_up_to,
    leave_out,
    read_parquet,
    united,
)

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


COUNTS = ["indicator", "period_kind", "period", "level", "unit_code", "subgroup"]
# What each data set is read for, of what the whole quarterly delivery has.
OF_TREATMENT = {"T1", "T1_31d", "T1_62d"}
OF_BONE_AGENTS = {"P6", "P6_sact", "P6_primary_care"}
GONE = {
    "pcpd": {*OF_TREATMENT, *OF_BONE_AGENTS, "T2"},
    "sact": {*OF_TREATMENT, *OF_BONE_AGENTS, "T2", "P5", "P9"},
    "rtds": {*OF_TREATMENT, "P7", "C8", "C9", "C10"},
    "hes_op": {*OF_TREATMENT, "P5"},
}


@pytest.fixture(scope="module")
def counted_without(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], pd.DataFrame]:
    """The counts of one delivery, whole or without a data set; what both have in common is made once."""
    folder = tmp_path_factory.mktemp("without")
    whole, home = folder / "whole", Home.locate(folder / "home").create()
    write_delivery(whole, feed="england_quarterly", period="2025Q3", seed=21, volume=VOLUME, people=3_000)
    versions: list[Path] = []

    def counted(name: str) -> pd.DataFrame:
        delivery = folder / (name or "again")
        versions.append(delivery)
        shutil.copytree(whole, delivery)
        gone = [file.path for file in read_manifest(whole).files if name in file.data_sets]
        if name:
            leave_out(delivery, gone, version=len(versions))
        receive_delivery(delivery, home.landing)
        return read_parquet(build_up_to("indicator_counts", home)).set_index(COUNTS).sort_index()

    return counted


def test_what_is_left_has_the_number_of_the_whole_delivery(counted_without):
    whole = counted_without("")
    there = set(whole.index.get_level_values("indicator"))
    assert {"P1", "D1"}.union(*GONE.values()) <= there
    for name, gone in GONE.items():
        left = counted_without(name)
        assert set(left.index.get_level_values("indicator")) == there - gone, name
        kept = whole[~whole.index.get_level_values("indicator").isin(gone)]
        # A table without durations has other kinds of numbers, and the same values.
        pd.testing.assert_frame_equal(left, kept, check_dtype=False, check_exact=True)
    # Without what shows spread the cohort itself is another.
    assert counted_without("hes_apc").empty
    assert counted_without("cosd").empty
