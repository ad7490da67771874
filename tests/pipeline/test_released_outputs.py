"""What leaves the lake: every output file searched for small counts; a corrected delivery; forgetting one."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from naome_pipeline.damage import damage_of_release
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.doctor import examine
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.gates import GateFailed, judge, load_suite, profile_table, raise_for_failures
from naome_pipeline.lake import Scope
from naome_pipeline.ledger import LedgerIncomplete, entries, known_to, shown_before
from naome_pipeline.publishing import MANIFEST_FILE, SUPERSEDED_FILE
from naome_pipeline.releases import edition_of, forget_delivery, release_difference, release_list
from naome_pipeline.reports.released import NotReleased, ReleasedTables
from naome_pipeline.stored import NotPublished
from naome_pipeline.synthetic import write_delivery
from tests.disclosure.outside import recovered
from tests.pipeline.releases import FEED, PERIOD, VOLUME, Refreshed, build_every_node
from tests.pipeline.scanning import SCANS, recoverable_cells, shown


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_connection(EngineSettings.from_environment(tmp_path)) as connection:
        yield Engine(connection)


KEYS = ["indicator", "period_kind", "period", "level", "unit_code", "subgroup"]


@pytest.fixture(scope="module")
def twice(make, tmp_path_factory) -> Refreshed:
    """A release of 20,000 people, and a second version of its delivery with some records corrected."""
    first = make(people=6_000, seed=5, through_dagster=False, policy="public")
    folder = tmp_path_factory.mktemp("corrected") / "delivery"
    write_delivery(
        folder, feed=FEED, period=PERIOD, people=6_000, seed=5, volume=VOLUME, dirt=0.01, version=2
    )
    receive_delivery(folder, first.home.landing)
    build_every_node(first.home, "public")
    return first


@pytest.mark.parametrize("version", [1, 2])
def test_no_output_shows_a_small_count_below_the_nation(twice, version):
    values = shown(twice, version)
    below = values[values["level"] != "nation"]
    assert len(below) > 1_000
    for column in ("numerator", "denominator"):
        assert not below[column].between(1, 4).any()
    assert not (below["denominator"] - below["numerator"]).between(1, 4).any()
    for column in ("proportion", "lower", "upper"):
        assert values[column].dropna().between(0, 1).all()
    assert not below.loc[below["numerator"].isna(), ["proportion", "lower", "upper"]].notna().any().any()
    assert set(values["policy"]) == {"public"}


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("scan", SCANS)
def test_every_output_file_is_scanned(twice, version, scan):
    scan(twice, version)


def test_no_hidden_cell_of_the_published_file_can_be_worked_out(twice):
    recoverable_cells(twice, 2)


@pytest.mark.parametrize("version", [1, 2])
def test_an_attacker_who_has_the_published_file_alone_recovers_nothing(twice, version):
    """Trusts, Alliances and nation, quarters and years, numerators and denominators as one system per indicator."""
    found = recovered(shown(twice, version))
    assert len(found) == 0, found.groupby(["level", "count"]).size()


@pytest.mark.parametrize("version", [1, 2])
def test_subtraction_gives_no_small_count_away(twice, version):
    """One trust hidden, the others of its Alliance and the Alliance shown; or one Alliance of the nation."""
    values = shown(twice, version)
    values = values[(values["subgroup"] == "all")]
    checked = 0
    for column in ("numerator", "denominator"):
        totals = values[values["level"] == "alliance"].set_index(
            ["indicator", "period_kind", "period", "unit_code"]
        )[column]
        trusts = values[values["level"] == "trust"]
        for (name, kind, period, alliance), group in trusts.groupby(
            ["indicator", "period_kind", "period", "alliance_code"]
        ):
            total = totals.get((name, kind, period, alliance))
            if group[column].isna().sum() == 1 and total is not None and pd.notna(total):
                checked += 1
                assert not 1 <= total - group[column].sum() <= 4
        nation = values[values["level"] == "nation"].set_index(["indicator", "period_kind", "period"])[column]
        for key, group in values[values["level"] == "alliance"].groupby(
            ["indicator", "period_kind", "period"]
        ):
            if group[column].isna().sum() == 1 and pd.notna(nation.get(key)):
                checked += 1
                assert not 1 <= nation[key] - group[column].sum() <= 4
    assert checked < len(values)


def test_what_was_shown_and_has_not_changed_gives_nothing_away_with_what_is_shown_now(twice):
    """Cells shown in either version: together they must not solve a hidden small count by subtraction."""
    one, two = (shown(twice, v).set_index(KEYS) for v in (1, 2))
    both = two[["numerator", "denominator"]].combine_first(one[["numerator", "denominator"]])
    assert both["numerator"].notna().sum() >= two["numerator"].notna().sum()
    ledger = entries(twice.lake, FEED)
    assert [(e.number, e.scope.version) for e in ledger] == [(1, 1), (2, 2)]
    assert {"trust", "alliance", "nation"} <= set(shown_before(ledger[:1])["level"])
    assert known_to(twice.lake, Scope(FEED, PERIOD, 2), "made from something else") == ledger
    assert known_to(twice.lake, ledger[1].scope, ledger[1].basis) == ledger[:1]
    assert known_to(twice.lake, ledger[0].scope, ledger[0].basis) == []


def test_the_gate_stops_a_table_with_a_hidden_cell_shown(twice, engine):
    """An output made by bypassing disclosure control does not pass."""
    table = twice.lake.published(twice.lake.reading_scope(FEED, PERIOD), "released_indicators")
    suite = load_suite("release", "released_indicators")
    counts = twice.lake.published(twice.lake.reading_scope(FEED, PERIOD), "indicator_counts")
    engine.attach({"indicator_counts": counts.path})
    sound = profile_table(engine, table.path, suite, table.record["measures"] | {"rows_to_previous": None})
    raise_for_failures("released_indicators", judge(sound, suite))
    opened = table.record["measures"] | {
        "rows_to_previous": None,
        "recoverable_cells": 1.0,
        "narrow_cells": 1.0,
    }
    with pytest.raises(GateFailed, match="no_hidden_cell_can_be_worked_out"):
        raise_for_failures(
            "released_indicators", judge(profile_table(engine, table.path, suite, opened), suite)
        )


def test_a_report_cannot_read_what_is_not_released(twice):
    scope = twice.lake.reading_scope(FEED, PERIOD)
    path = twice.lake.published(scope, "indicator_counts").path
    with pytest.raises(NotReleased, match="may not read"):
        ReleasedTables({"indicator_counts": path})
    with pytest.raises(NotReleased, match="may not read"):
        ReleasedTables({}).frame("provider_comparison")


def test_a_release_says_what_it_is_and_what_took_its_place(twice):
    folder = twice.home.reports / FEED / PERIOD
    about = json.loads((folder / "v002" / MANIFEST_FILE).read_text(encoding="utf-8"))
    assert (about["version"], about["disclosure_policy"]) == (2, "public")
    assert about["compared_with"] == f"{FEED} {PERIOD} version 1"
    assert {f["path"] for f in about["files"]} >= {"index.html", "indicators.csv"}
    assert "superseded by version 2" in (folder / "v001" / SUPERSEDED_FILE).read_text(encoding="utf-8")
    assert not (folder / "v002" / SUPERSEDED_FILE).exists()
    listed = release_list(twice.lake)
    assert listed["superseded_by"].tolist() == [f"{PERIOD}:2", ""]


def test_the_difference_of_two_releases_is_what_changed_in_print(twice):
    found = release_difference(twice.lake, edition_of(FEED, f"{PERIOD}:1"), edition_of(FEED, f"{PERIOD}:2"))
    assert len(found) > 0
    one, two = (shown(twice, v).set_index(KEYS) for v in (1, 2))
    cell = found[(found["change"] == "changed") & (found["level"] == "nation")].iloc[0]
    key = tuple(cell[k] for k in KEYS)
    assert one.loc[key, "denominator"] == cell["denominator_before"]
    assert two.loc[key, "denominator"] == cell["denominator_now"]
    assert (
        one.loc[key, ["numerator", "denominator"]].tolist()
        != two.loc[key, ["numerator", "denominator"]].tolist()
    )


def test_provenance_prints_the_policy(twice):
    folder = twice.home.reports / FEED / PERIOD / "v002"
    with (folder / "provenance.csv").open(encoding="utf-8") as stream:
        items = {row["item"]: row["value"] for row in csv.DictReader(stream)}
    assert items["disclosure id"] == "public"
    assert items["disclosure smallest shown"] == "5"
    assert "fewer than 4 possible values" in (folder / "index.html").read_text(encoding="utf-8").replace(
        "\n", " "
    )


def test_folders_with_people_in_them_are_their_owners_alone(twice):
    for folder in (twice.home.lake, twice.home.landing, twice.home.dagster, twice.home.scratch):
        assert folder.stat().st_mode & 0o077 == 0, folder
    assert twice.home.lake not in twice.home.reports.parents


def test_what_the_release_hides_is_in_the_confidential_folder_alone(twice):
    folder = twice.home.confidential / FEED / PERIOD / "v002"
    for place in (twice.home.confidential, folder):
        assert place.stat().st_mode & 0o077 == 0, place
    about = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    assert [f["path"] for f in about["files"]] == [
        "alarms_by_chance.csv",
        "states.csv",
        "survival.csv",
        "unsubmitted_quarters.csv",
    ]
    found = pd.read_csv(folder / "states.csv")
    full = twice.frame("provider_comparison")
    assert len(found) == len(full)
    assert (found["in_the_release"] == "hidden to protect people").any()
    assert not list(twice.home.reports.rglob("states.csv"))
    assert "superseded by version 2" in (folder.parent / "v001" / SUPERSEDED_FILE).read_text(encoding="utf-8")


def test_a_changed_confidential_file_is_found(twice, copied):
    copy = copied(twice)
    scope = Scope(FEED, PERIOD, 2)
    assert damage_of_release(copy.home, copy.lake, scope) == []
    (copy.home.confidential / scope.folder / "states.csv").write_text("", encoding="utf-8")
    assert len(damage_of_release(copy.home, copy.lake, scope)) == 1


def test_forgetting_a_delivery_deletes_its_people_and_keeps_what_was_published(twice, copied):
    copy = copied(twice)
    rows = {layer: list((copy.home.lake / "data" / layer).glob("*/*")) for layer in ("sources", "release")}
    done = forget_delivery(copy.home, Scope(FEED, PERIOD, 1))
    assert done.files > 10
    assert done.tables > 20
    assert not (copy.home.landing / FEED / PERIOD / "v001").exists()
    assert len(list((copy.home.lake / "data" / "sources").glob("*/*"))) < len(rows["sources"])
    assert list((copy.home.lake / "data" / "release").glob("*/*")) == rows["release"]
    assert len(entries(copy.lake, FEED)) == 2
    assert (copy.home.reports / FEED / PERIOD / "v001" / "index.html").is_file()
    assert [p.name for p in (copy.home.confidential / FEED / PERIOD).iterdir()] == ["v002"]
    assert len(list((copy.home.lake / "data" / "confidential").glob("*/*"))) == 1
    # The other version is whole, and can still be compared with what was published.
    assert len(copy.frame("people")) == len(twice.frame("people"))
    assert len(
        release_difference(copy.lake, edition_of(FEED, f"{PERIOD}:1"), edition_of(FEED, f"{PERIOD}:2"))
    )
    with pytest.raises(NotPublished):
        copy.lake.published(Scope(FEED, PERIOD, 1), "people")


def test_a_delivery_that_vanished_is_not_taken_for_one_that_was_forgotten(twice, copied):
    copy = copied(twice)
    landing = copy.home.landing / FEED
    landing.rename(copy.home.root / "unmounted")
    found = [f for f in examine(copy.home) if "nobody had it forgotten" in f.what]
    assert {f.where for f in found} == {str(landing / PERIOD / v) for v in ("v001", "v002")}
    assert all(f.repair is None for f in found)
    assert not any("row-level table" in f.what for f in examine(copy.home))
    (copy.home.root / "unmounted").rename(landing)
    forget_delivery(copy.home, Scope(FEED, PERIOD, 1))
    assert not any("forgotten" in f.what or "row-level" in f.what for f in examine(copy.home))


def test_without_its_ledger_nothing_is_published(twice, copied):
    """A new release could give away what an earlier one hid, so what that one showed has to be known."""
    copy = copied(twice)
    (copy.lake.root / "ledger").rename(copy.home.root / "lost")
    found = [f for f in examine(copy.home) if "is not in the ledger" in f.what]
    assert len(found) == 2
    with pytest.raises(LedgerIncomplete, match=r"published.*What to do: bring lake/ledger"):
        known_to(copy.lake, Scope(FEED, PERIOD, 3), "another basis")
    (copy.home.root / "lost").rename(copy.lake.root / "ledger")
    assert known_to(copy.lake, Scope(FEED, PERIOD, 3), "another basis")
