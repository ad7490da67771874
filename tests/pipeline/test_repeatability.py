"""The same delivery gives the same bytes; a corrected delivery supersedes and says what changed."""

from __future__ import annotations

import shutil
from functools import partial

import pytest

from assets.feeds import nodes
from assets.sources import reading as sources_reading
from naome_pipeline.deliveries.layouts import data_sets
from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.reading import read_data_set
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.refreshing import refresh
from naome_pipeline.releases import edition_of, table_differences
from naome_pipeline.synthetic import write_delivery
from naome_pipeline.tables import table_files
from tests.pipeline.releases import (
    FEED,
    PERIOD,
    VOLUME,
    Refreshed,
    build_every_node,
    ordinary_release,
    silent,
)


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Refreshed:
    return ordinary_release(tmp_path_factory)


def published_hashes(lake: Lake) -> dict[str, str]:
    current = lake.current_release(FEED, PERIOD)
    assert current is not None
    tables = lake.release(current)["tables"]
    return {name: entry["sha256"] for name, entry in tables.items()}


def report_files(home: Home) -> dict[str, bytes]:
    folder = home.reports / FEED / PERIOD
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_two_homes_get_byte_identical_tables_and_page(release, tmp_path):
    other = Home.locate(tmp_path / "other").create()
    receive_delivery(release.delivery, other.landing)
    build_every_node(other)  # one home through Dagster, the other without
    assert published_hashes(Lake(other.lake)) == published_hashes(release.lake)
    assert report_files(other) == report_files(release.home)
    assert "v001/index.html" in report_files(other)


def test_refreshing_again_does_nothing_and_says_why(release):
    before = published_hashes(release.lake)
    again = refresh(release.home, FEED, PERIOD, silent)
    assert again.did_nothing
    assert "refreshed before" in again.reason
    assert published_hashes(release.lake) == before


def test_running_every_node_again_gives_the_same_bytes(release, copied):
    copy = copied(release)
    shutil.rmtree(copy.home.lake / "data")
    before = published_hashes(release.lake)
    build_every_node(copy.home)
    assert published_hashes(copy.lake) == before
    assert report_files(copy.home) == report_files(release.home)


def test_source_tables_in_several_files_give_the_same_tables(release, tmp_path, monkeypatch):
    home = Home.locate(tmp_path / "home").create()
    receive_delivery(release.delivery, home.landing)
    copy = Refreshed(home, release.delivery, release.truth, made=set())
    # At national size a piece has 245,760 rows; here 4,096.
    monkeypatch.setattr(sources_reading, "read_data_set", partial(read_data_set, row_group_size=2_048))
    scope = Scope(FEED, PERIOD, 1)
    # The other tables are made of these and read no records.
    for node in nodes(FEED):
        if node.layer in ("sources", "cohort", "indicators"):
            copy.frame(node.name)
    before = published_hashes(release.lake)
    now = {name: copy.lake.published(scope, name).record["sha256"] for name in copy.made or ()}
    assert len(now) > 40
    in_pieces = {name for name in now if len(table_files(copy.lake.published(scope, name).path)) > 1}
    assert in_pieces >= {"hes_op", "pcpd"}
    assert in_pieces <= set(data_sets())
    assert {name for name in now if now[name] != before[name]} <= in_pieces
    for name in in_pieces:
        rows = copy.lake.published(scope, name).record["rows"]
        assert rows == release.lake.published(scope, name).record["rows"]


def test_corrected_delivery_supersedes_and_revisions_name_what_changed(release, copied, tmp_path):
    copy = copied(release)
    corrected = tmp_path / "corrected"
    write_delivery(corrected, feed=FEED, period=PERIOD, people=1_500, seed=7, volume=VOLUME, version=2)
    receive_delivery(corrected, copy.home.landing)
    build_every_node(copy.home)
    assert copy.lake.current_release(FEED, PERIOD) == Scope(FEED, PERIOD, 2)
    files = copy.frame("changed_files").set_index("file")["change"]
    assert files["rcrd_tumour.csv"] == "changed"
    assert set(files) <= {"same", "changed"}
    revisions = copy.frame("revisions")
    before = copy.lake.released(Scope(FEED, PERIOD, 1), "released_indicators")
    assert len(revisions) > 0
    assert set(revisions["change"]) <= {"changed", "new", "withdrawn"}
    national = revisions[(revisions["change"] == "changed") & (revisions["level"] == "nation")]
    assert (
        (national["denominator_before"] != national["denominator_now"])
        | (national["numerator_before"] != national["numerator_now"])
    ).all()
    assert before.record["rows"] > 0
    others = copy.frame("table_revisions")
    assert {"released_attrition", "released_survival", "released_data_sets"} <= set(others["table_name"])
    assert (others["before"].fillna("") != others["now"].fillna("")).all()
    two = table_differences(copy.lake, edition_of(FEED, f"{PERIOD}:1"), edition_of(FEED, f"{PERIOD}:2"))
    assert len(two) == len(others)
    assert (copy.home.reports / FEED / PERIOD / "v001" / "index.html").is_file()
    assert (copy.home.reports / FEED / PERIOD / "v002" / "index.html").is_file()


def test_one_corrected_file_makes_only_what_depends_on_it_again(release, copied, tmp_path):
    copy = copied(release)
    corrected = tmp_path / "corrected"
    shutil.copytree(release.delivery, corrected)
    lines = (corrected / "rtds.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (corrected / "rtds.csv").write_text("".join(lines[:-40]), encoding="utf-8")
    old = read_manifest(release.delivery)
    write_manifest(
        corrected, feed=FEED, period=PERIOD, layout=old.layout, snapshot_date=old.snapshot_date, version=2
    )
    receive_delivery(corrected, copy.home.landing)
    states: dict[str, str] = {}
    refresh(copy.home, FEED, PERIOD, lambda node, state: states.__setitem__(node, state))

    known = {node.name: node for node in nodes(FEED)}
    sources = set(known) & set(data_sets())
    # What a node takes from the delivery beside its files (its version, the release before) can change with any delivery.
    concerned = {"rtds"} | {name for name, node in known.items() if node.uses_delivery} - sources
    while more := {name for name, node in known.items() if set(node.inputs) & concerned} - concerned:
        concerned |= more
    again = {name for name, state in states.items() if state != "unchanged"}
    assert set(states) == set(known)
    assert states["rtds"] == "done"
    assert again <= concerned
    assert again & sources == {"rtds"}
    assert states["tumours"] == "unchanged"
    assert states["treatments"] == "done"
    assert {"people", "evidence_ledger", "comorbidity", "case_mix"} & again == set()


def test_first_release_has_no_revisions(release):
    assert release.frame("revisions").empty
    assert release.frame("table_revisions").empty
