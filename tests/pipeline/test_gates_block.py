"""A delivery that breaks a critical expectation is stopped, and what was published stays."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import dagster as dg
import pytest

from assets.assembly import build_defs
from assets.node import asset_key
from assets.resources import PipelineResource
from naome_pipeline.deliveries.manifest import write_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.gates import CRITICAL, load_suite
from naome_pipeline.lake import Scope
from naome_pipeline.refreshing import RefreshFailed, prepare_dagster_home, refresh
from naome_pipeline.stored import NotPublished
from naome_pipeline.synthetic import write_delivery
from tests.pipeline.releases import FEED, PERIOD, VOLUME, Refreshed, silent

EXPECTATION = "most_rows_have_their_diagnosis_date"


def tree_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def blank_column(path: Path, column: str, every: int, of: int) -> None:
    """Empty a column in `every` of `of` rows."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    index = rows[0].index(column)
    for number, row in enumerate(rows[1:]):
        if number % of < every:
            row[index] = ""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows(rows)


@pytest.fixture(scope="module")
def stopped(make, tmp_path_factory) -> tuple[Refreshed, str, str]:
    """A good release, then version 2 without 30% of its diagnosis dates: the release, the error, the hash before."""
    release: Refreshed = make(people=1_500, through_dagster=False)
    before = tree_hash(release.home.reports)
    folder = tmp_path_factory.mktemp("broken") / "delivery"
    write_delivery(folder, feed=FEED, period=PERIOD, people=1_500, seed=8, volume=VOLUME, version=2)
    blank_column(folder / "rcrd_tumour.csv", "DIAGNOSISDATE", every=3, of=10)
    manifest = write_manifest(
        folder,
        feed=FEED,
        period=PERIOD,
        layout="england_quarterly_2025",
        snapshot_date=release.lake_snapshot(),
        version=2,
    )
    assert manifest.version == 2
    receive_delivery(folder, release.home.landing)
    with pytest.raises(RefreshFailed) as failure:
        refresh(release.home, FEED, PERIOD, silent)
    return release, str(failure.value), before


def test_run_fails_at_that_node_with_name_and_figures(stopped):
    _, message, _ = stopped
    assert "tumours" in message
    assert EXPECTATION in message
    assert "is 0.3" in message
    assert "What to do" in message


def test_each_expectation_is_a_check_with_its_result_and_severity(stopped):
    release, _, _ = stopped
    prepare_dagster_home(release.home)
    with dg.DagsterInstance.get() as instance:
        made = instance.get_latest_materialization_event(asset_key(FEED, "deaths"))
        found = {}
        for table in ("tumours", "deaths"):
            for expectation in load_suite("sources", table).expectations:
                key = dg.AssetCheckKey(asset_key(FEED, table), expectation["meta"]["name"])
                # One row: what was planned is what was evaluated.
                (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=9)
                evaluation = record.evaluation
                assert evaluation is not None
                found[table, key.name] = evaluation
                assert (evaluation.severity.value == "ERROR") == (expectation["severity"] == CRITICAL)
                assert evaluation.blocking == (expectation["severity"] == CRITICAL)
    assert made is not None
    stopping = found["tumours", EXPECTATION]
    assert not stopping.passed
    assert stopping.metadata["observed"].value == pytest.approx(0.3, abs=0.01)
    assert stopping.target_materialization_data is None
    for (table, name), evaluation in found.items():
        if table == "deaths":
            assert evaluation.passed, name
            assert evaluation.target_materialization_data.run_id == made.run_id


def test_nothing_downstream_is_published(stopped):
    release, _, _ = stopped
    names = release.lake.published_names(Scope(FEED, PERIOD, 2))
    assert "tumours" not in names
    assert "people" not in names
    assert "released_indicators" not in names


def test_earlier_release_reads_as_before(stopped):
    release, _, before = stopped
    assert tree_hash(release.home.reports) == before
    assert release.lake.current_release(FEED, PERIOD) == Scope(FEED, PERIOD, 1)
    assert len(release.frame("people")) == len(release.true("people").query("in_cohort"))


def test_materialising_a_downstream_node_by_itself_refuses_and_says_why(stopped):
    release, _, _ = stopped
    defs = build_defs({"pipeline": PipelineResource(home=str(release.home.root))})
    assets = [
        defs.resolve_assets_def(asset_key(FEED, name))
        for name in ("index_tumours", "people", "released_indicators")
    ]
    for asset in assets:
        result = dg.materialize(
            [asset],
            partition_key="2025-07-01",
            raise_on_error=False,
        )
        assert not result.success
        failure = next(e for e in result.all_events if e.is_step_failure).step_failure_data.user_failure_data
        said = failure.description if failure else None
        assert said is not None
        assert "no published version" in said
        assert "earlier release" in said
        assert "naome refresh" in said


def test_asking_for_the_unpublished_table_names_the_failed_gate(stopped):
    release, _, _ = stopped
    with pytest.raises(NotPublished, match=EXPECTATION):
        release.lake.published(Scope(FEED, PERIOD, 2), "tumours")
