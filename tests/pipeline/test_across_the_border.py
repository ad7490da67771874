"""People of the English registry who were diagnosed in a Welsh health board: nobody is lost, and Wales has no number of what only
the English delivery supports."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.home import Home
from naome_pipeline.stored import read_json
from naome_pipeline.synthetic import write_delivery
from tests.pipeline.releases import VOLUME, Refreshed, build_every_node, united

BOARD = "7A1"
# Every fifth registration.
EVERY = 5
TRUST = {"rcrd_tumour.csv": "TRUST_CODE", "ncrd_tumour.csv": "DIAG_TRUST"}


def move_across(delivery: Path) -> None:
    """Say of some registrations that they were diagnosed in a Welsh board."""
    [(name, column)] = [(name, column) for name, column in TRUST.items() if (delivery / name).is_file()]
    header, *rows = csv.reader(io.StringIO((delivery / name).read_text(encoding="utf-8-sig")))
    for row in rows[::EVERY]:
        row[header.index(column)] = BOARD
    with (delivery / name).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    kept = {"feed", "period", "layout", "snapshot_date", "synthetic"}
    write_manifest(delivery, **read_manifest(delivery).model_dump(include=kept))


def english(folder: Path, feed: str, period: str, people: int) -> Refreshed:
    delivery, home = folder / "delivery", Home.locate(folder / "home").create()
    write_delivery(delivery, feed=feed, period=period, people=people, seed=29, volume=VOLUME)
    move_across(delivery)
    receive_delivery(delivery, home.landing)
    build_every_node(home, feed=feed, period=period)
    return Refreshed(home, delivery, folder / "delivery-truth", feed, period)


@pytest.fixture(scope="module")
def of_england(tmp_path_factory) -> Refreshed:
    return english(tmp_path_factory.mktemp("quarterly"), "england_quarterly", "2025Q3", 2_500)


@pytest.fixture(scope="module")
def of_both(tmp_path_factory) -> Refreshed:
    release = english(tmp_path_factory.mktemp("yearly"), "england_annual", "2023", 2_500)
    welsh = release.delivery.with_name("welsh")
    write_delivery(
        welsh,
        feed="wales_annual",
        period="2023",
        people=1_200,
        seed=29,
        volume=VOLUME,
        beside=release.delivery,
    )
    receive_delivery(welsh, release.home.landing)
    build_every_node(release.home, feed="wales_annual", period="2023")
    return united(release, when_read=True)


def across(release: Refreshed) -> pd.Series:
    people = release.frame("people")
    return people.loc[people["nation"] == "Wales", "person_id"]


def test_a_release_of_england_says_nothing_of_wales(of_england):
    moved = across(of_england)
    assert len(moved) > 3
    scope = of_england.lake.reading_scope(of_england.feed, of_england.period)
    released = [
        n for n, layer in of_england.lake.published_names(scope).items() if layer in ("release", "reports")
    ]
    assert len(released) > 20
    for name in [*released, "indicator_counts", "provider_comparison", "survival_estimates", "submissions"]:
        table = of_england.frame(name).astype("string")
        assert not table.isin(["Wales", BOARD, "England and Wales"]).any(axis=None), name


def test_nobody_diagnosed_across_the_border_is_lost(of_england):
    moved, people = across(of_england), of_england.frame("people")
    assert set(moved) <= set(of_england.frame("person_facts")["person_id"])
    counted = set(of_england.frame("person_indicators")["person_id"])
    assert counted == set(people["person_id"]) - set(moved)
    scope = of_england.lake.reading_scope(of_england.feed, of_england.period)
    [gate] = of_england.lake.published(scope, "indicator_counts").folder.glob("audits/*.json")
    [said] = [r for r in read_json(gate)["results"] if r["name"] == "everybody_is_in_a_number"]
    assert (said["passed"], said["severity"], said["observed"]) == (False, "warning", len(moved))


def test_across_the_border_counts_in_wales_what_wales_supports(of_both):
    nations = of_both.frame("indicator_definitions").set_index("indicator")["nations"]
    values = of_both.frame("person_indicators").merge(of_both.frame("counted_people"), on="person_id")
    for indicator, rows in values.groupby("indicator"):
        assert set(rows["nation"]) <= set(nations[indicator].split(", ")), indicator
    english = set(of_both.lake.frame("people", feed="england_annual", period="2023")["person_id"])
    welsh = values[(values["nation"] == "Wales") & values["person_id"].isin(english)]
    assert {"P1", "P5", "T2"} <= set(welsh["indicator"])
    assert not {"P6", "C3"} & set(welsh["indicator"])
    counts = of_both.frame("indicator_counts").query("period_kind == 'quarter' and subgroup == 'all'")
    welsh_rows = counts.query("unit_code == 'Wales'").groupby("indicator")["denominator"].sum()
    assert "P6" not in welsh_rows
    expected = values.query("indicator == 'D7' and nation == 'Wales'")
    assert welsh_rows["D7"] == len(expected)
