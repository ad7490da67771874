"""A release that comes out while another is being made: every table is compared with it, or nothing is published."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from naome_pipeline.build import reporting_progress
from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.lake import Scope
from naome_pipeline.stored import NotPublished
from tests.pipeline.releases import Refreshed, build_every_node

# It has half as many tables as the others.
FEED, PERIOD = "wales_annual", "2023"
EARLIER, FIRST, CORRECTED = Scope(FEED, "2022", 1), Scope(FEED, PERIOD, 1), Scope(FEED, PERIOD, 2)


def received_as(release: Refreshed, scope: Scope, folder: Path, without_rows_of: str = "") -> None:
    """Receive the same files once more, as another delivery; one file can be shorter."""
    shutil.copytree(release.delivery, folder)
    if without_rows_of:
        lines = (folder / without_rows_of).read_bytes().splitlines(keepends=True)
        (folder / without_rows_of).write_bytes(b"".join(lines[: len(lines) * 9 // 10]))
    sent = read_manifest(release.delivery)
    write_manifest(
        folder,
        feed=FEED,
        period=scope.period,
        layout=sent.layout,
        snapshot_date=sent.snapshot_date,
        version=scope.version,
    )
    receive_delivery(folder, release.home.landing)


@pytest.fixture(scope="module")
def small(make) -> Refreshed:
    return make(people=300, volume=0.01, feed=FEED, period=PERIOD, through_dagster=False)


# A corrected delivery has most tables as the version before: those are compared with the release before that one.
@pytest.mark.parametrize("made", [FIRST, CORRECTED], ids=["first", "corrected"])
def test_a_release_made_while_another_came_out_is_refused_and_then_compared_with_it(
    small, copied, tmp_path, made
):
    release = copied(small)
    received_as(release, EARLIER, tmp_path / "earlier")
    if made == CORRECTED:
        received_as(release, CORRECTED, tmp_path / "corrected", without_rows_of="canisc_drug_therapy.csv")
    else:  # as before the first refresh, but for the data, which are made already
        shutil.rmtree(release.home.lake / "deliveries")
        shutil.rmtree(release.home.lake / "releases")
    released_before = release.lake.current_release(FEED, PERIOD)
    out = False

    def earlier_one_comes_out(node: str, state: str) -> None:
        nonlocal out
        if node == "people" and state != "started" and not out:
            out = True
            build_every_node(release.home, feed=FEED, period=EARLIER.period)

    with (
        reporting_progress(earlier_one_comes_out),
        pytest.raises(NotPublished, match="another release of wales_annual"),
    ):
        build_every_node(release.home, feed=FEED, period=PERIOD)
    assert release.lake.current_release(FEED, EARLIER.period) == EARLIER
    assert release.lake.current_release(FEED, PERIOD) == released_before

    build_every_node(release.home, feed=FEED, period=PERIOD)
    assert release.lake.current_release(FEED, PERIOD) == made
    pointers = release.lake.pointers(made)
    assert pointers["people"]["compared_with"] == EARLIER.label
    assert pointers["person_indicators"]["compared_with"] == (FIRST if made == CORRECTED else EARLIER).label
