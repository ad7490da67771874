"""A release that comes out while the next one is being made: every table is compared with it, or nothing is published."""

from __future__ import annotations

import shutil

import pytest

from naome_pipeline.build import reporting_progress
from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.lake import NotPublished, Scope
from tests.pipeline.releases import FEED, PERIOD, build_every_node, make_release

EARLIER = Scope(FEED, "2025Q2", 1)


# Before anything is compared with the release before, and after all but the last nodes are.
@pytest.mark.parametrize("moment", ["people", "provenance"])
def test_a_release_made_while_another_came_out_is_refused_and_then_compared_with_it(tmp_path, moment):
    release = make_release(tmp_path / "first", through_dagster=False, people=300, volume=0.01)
    earlier = tmp_path / "earlier"
    shutil.copytree(release.delivery, earlier)
    sent = read_manifest(earlier)
    write_manifest(
        earlier, feed=FEED, period=EARLIER.period, layout=sent.layout, snapshot_date=sent.snapshot_date
    )
    receive_delivery(earlier, release.home.landing)
    # As before the first refresh, but for the data, which are made already.
    for folder in ("deliveries", "releases"):
        shutil.rmtree(release.home.lake / folder)
    shutil.rmtree(release.home.reports)

    out = False

    def report(node: str, state: str) -> None:
        nonlocal out
        if node == moment and state != "started" and not out:
            out = True
            build_every_node(release.home, period=EARLIER.period)

    with (
        reporting_progress(report),
        pytest.raises(NotPublished, match="another release of england_quarterly"),
    ):
        build_every_node(release.home)
    assert release.lake.current_release(FEED, EARLIER.period) == EARLIER
    assert release.lake.current_release(FEED, PERIOD) is None
    assert not (release.home.reports / FEED / PERIOD).exists()

    build_every_node(release.home)
    released = release.lake.release(Scope(FEED, PERIOD, 1))
    pointers = release.lake.pointers(Scope(FEED, PERIOD, 1))
    assert {pointers[name]["compared_with"] for name in released["tables"]} == {EARLIER.label}
