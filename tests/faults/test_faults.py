"""After a fault the tables are the old release or the new one, whole; a plain re-run makes the rest good; and the message
says what to do. One file, so that its tests share the homes they start from."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from naome_pipeline.deliveries.constancy import unchanged
from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.receiving import AcceptedDelivery, newest_delivery
from naome_pipeline.doctor import examine, repair
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake
from naome_pipeline.stored import Damaged
from tests.faults.killing import kill_at_calls, kill_at_random_moments
from tests.faults.processes import (
    FEED,
    PERIOD,
    copy_of,
    differences,
    left_behind,
    seen_by_readers,
    torn,
    tree,
)

REFRESH = ["refresh", "--feed", FEED, "--period", PERIOD]


def clear(result: dict) -> str:
    """The message of a command that failed: short, with what to do, and no traceback."""
    assert result["code"] == 1, result
    message = result["output"] or result["error"]
    assert "Traceback" not in message
    assert "What to do" in message
    return message


def test_killed_at_random_moments(worker, homes, tmp_path):
    tally = kill_at_random_moments(worker, homes.partly, homes.before, homes.after, tmp_path, kills=3, seed=1)
    assert tally.kills == 3
    assert tally.clean, tally


def test_killed_before_and_after_calls_that_change_files(worker, homes, tmp_path):
    tally = kill_at_calls(worker, homes.almost, homes.before, homes.after, tmp_path, every=25)
    assert tally.kills >= 6
    assert tally.clean, tally


@pytest.mark.parametrize("unlocked", [False, True], ids=["waiting", "not waiting"])
def test_two_refreshes_of_a_period_at_once(worker, homes, tmp_path, unlocked):
    home = copy_of(homes.almost, tmp_path / "home")
    job = {"home": str(home.root), "period": PERIOD, "unlocked": unlocked}
    results = worker.run(job, job)
    assert [result["code"] for result in results] == [0, 0], results
    assert unlocked or sorted(result["did_nothing"] for result in results) == [False, True]
    assert differences(tree(homes.after), tree(home)) == []
    assert left_behind(home) == []


def test_readers_keep_the_release_while_a_refresh_of_it_moves_pointers(homes, tmp_path):
    home = copy_of(homes.after, tmp_path / "home")
    lake, before = Lake(home.lake), seen_by_readers(home)
    scope = lake.reading_scope(FEED, PERIOD)
    lake.record_failure(scope, "people", "another code's gate refused it")
    (home.lake / "deliveries" / scope.folder / "tumours.json").unlink()
    assert seen_by_readers(home) == before
    assert lake.frame("people", feed=FEED, period=PERIOD) is not None


@pytest.mark.parametrize("size", [150, 3_000], ids=["a pointer", "a table"])
def test_disk_full(worker, homes, tmp_path, size):
    start = homes.almost if size == 150 else homes.before
    home = copy_of(start, tmp_path / "home")
    message = clear(worker.refresh(home, file_size=size))
    assert "disk is full" in message
    assert torn(home) == []
    assert seen_by_readers(home) == seen_by_readers(homes.before)
    assert left_behind(home) == []


def test_disk_really_full_and_then_not(worker, homes, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs the rights of root")
    try:
        home = copy_of(homes.almost, disk / "home")
        ballast = disk / "ballast"
        with pytest.raises(OSError, match="No space left"):
            ballast.write_bytes(b"\0" * (80 << 20))
        message = clear(worker.refresh(home, only_publication=True))
        assert "disk is full" in message
        ballast.unlink()
        assert torn(home) == []
        worker.refreshed(home)
        assert differences(tree(homes.after), tree(home)) == []
        assert left_behind(home) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize("damage", [_flip, _cut, Path.unlink])
def test_damaged_table_is_named_and_made_again(worker, homes, tmp_path, damage):
    home = copy_of(homes.after, tmp_path / "home")
    lake = Lake(home.lake)
    damage(lake.readable(lake.reading_scope(FEED, PERIOD), "released_definitions").path)
    said = worker.run({"home": str(home.root), "command": ["doctor"]})[0]
    assert "released_definitions" in clear(said)
    if damage is not _flip:
        with pytest.raises(Damaged, match=r"released_definitions.*naome refresh"):
            lake.frame("released_definitions", feed=FEED, period=PERIOD)
        shown = worker.run({"home": str(home.root), "command": ["show", "released_definitions"]})[0]
        assert "released_definitions" in clear(shown)
    assert worker.refreshed(home)["did_nothing"] is False
    # Version 1 shares the table; what its gate said of it went with the damaged data and is made again for version 1.
    changed = differences(tree(homes.after), tree(home))
    assert [name for name in changed if "/audits/" not in name] == []
    assert left_behind(home) == []


def test_changed_report_is_found_and_put_right(worker, homes, tmp_path):
    home = copy_of(homes.after, tmp_path / "home")
    page = home.reports / FEED / PERIOD / "v002" / "index.html"
    page.write_text("other numbers")
    assert any("index.html was changed" in str(finding) for finding in examine(home))
    worker.refreshed(home)
    assert differences(tree(homes.after), tree(home)) == []


def test_landing_file_changed_after_acceptance(worker, homes, tmp_path):
    home = copy_of(homes.before, tmp_path / "home")
    name = next(home.landing.glob("*/*/v002/sact*")).name
    _cut(home.landing / FEED / PERIOD / "v002" / name)
    message = clear(worker.refresh(home))
    assert name in message
    assert "changed after the delivery was accepted" in message
    assert seen_by_readers(home) == seen_by_readers(homes.before)
    assert any(name in finding.where for finding in examine(home))


def _read_while_replaced(accepted: AcceptedDelivery, path: Path) -> None:
    """The content is the accepted one again when the reading ends."""
    content = path.read_bytes()
    with unchanged(accepted) as scan:
        scan(path.name)
        path.write_bytes(content[:100])
        path.write_bytes(content)


def test_landing_file_replaced_while_it_is_read(homes, tmp_path):
    home = copy_of(homes.before, tmp_path / "home")
    accepted = newest_delivery(home.landing, FEED, PERIOD)
    path = next(accepted.path.glob("sact*"))
    content = path.read_bytes()
    with pytest.raises(DeliveryError, match=path.name):
        _read_while_replaced(accepted, path)
    assert path.read_bytes() == content
    with unchanged(accepted) as scan:
        assert scan(path.name).size == len(content)


@pytest.mark.parametrize(
    ("setting", "value", "word"),
    [("NAOME_MEMORY", "1MB", "NAOME_MEMORY"), ("NAOME_MEMORY", "lots", "lots"), ("NAOME_THREADS", "0", "0")],
)
def test_bounds_that_are_too_small_or_nonsense(worker, homes, tmp_path, setting, value, word):
    home = copy_of(homes.before, tmp_path / "home")
    message = clear(worker.refresh(home, environment={setting: value}))
    assert setting in message
    assert word in message
    assert message.count("What to do") == 1, "what stops several nodes is said once"
    assert torn(home) == []


@pytest.mark.parametrize("fault", ["locked", "not a database", "a file in its place"])
def test_event_store_of_dagster_cannot_be_used(worker, homes, tmp_path, fault):
    home = copy_of(homes.before, tmp_path / "home")
    history = home.dagster / "history"
    if fault == "a file in its place":
        history.write_text("no folder")
    else:
        history.mkdir(parents=True)
        (history / "runs.db").write_bytes(b"no database" * 100 if fault == "not a database" else b"")
    with closing(sqlite3.connect(history / "runs.db" if fault == "locked" else ":memory:")) as held:
        held.execute("BEGIN EXCLUSIVE")
        message = clear(worker.run({"home": str(home.root), "command": REFRESH})[0])
    assert "dagster" in message.lower()
    assert torn(home) == []


def test_doctor_finds_nothing_in_a_good_home_and_repairs_what_is_safe(worker, homes, tmp_path):
    home = copy_of(homes.after, tmp_path / "home")
    assert [str(finding) for finding in examine(home)] == []
    before = tree(home)
    _hurt(home)
    found = examine(home)
    assert len(found) == 5, found
    assert len(repair(home)) == 5
    assert [str(finding) for finding in examine(home)] == []
    assert differences(before, tree(home)) == []


def _hurt(home: Home) -> None:
    (home.lake / "staging" / "dead").mkdir(parents=True)
    (home.reports / FEED / PERIOD / f".v003.{'0' * 32}").mkdir()
    orphan = home.lake / "data" / "cohort" / "people" / ("0" * 32)
    orphan.mkdir()
    (orphan / "record.json").write_text("{}")
    home.lake.chmod(0o755)
    (home.lake / "naome.duckdb").unlink()


def _changed_ledger(home: Home) -> None:
    _flip(next((home.lake / "ledger" / FEED).glob("*.parquet")))


def _changed_release(home: Home) -> None:
    (home.lake / "releases" / FEED / PERIOD / "v002.json").write_text("{")


def _lost_mark(home: Home) -> None:
    (home.reports / FEED / PERIOD / "v001" / "SUPERSEDED.txt").unlink()


def _edited_manifest(home: Home) -> None:
    (home.landing / FEED / PERIOD / "v001" / "manifest.json").write_text("[]")


def _wrong_alerts(home: Home) -> None:
    (home.root / "alerts.yaml").write_text("email: {}")


def _lost_data(home: Home) -> None:
    lake = Lake(home.lake)
    folder = lake.published(lake.reading_scope(FEED, PERIOD), "people").folder
    folder.rename(folder.with_name("f" * 32))


@pytest.mark.parametrize(
    ("hurt", "word"),
    [
        (_changed_ledger, "the published cells were changed"),
        (_changed_release, "release record cannot be read"),
        (_lost_mark, "superseded without a mark"),
        (_edited_manifest, "not a valid manifest"),
        (_lost_data, "not in the lake"),
        (_wrong_alerts, "nobody can be told"),
    ],
)
def test_doctor_says_what_only_people_or_a_refresh_can_put_right(homes, tmp_path, hurt, word):
    home = copy_of(homes.after, tmp_path / "home")
    hurt(home)
    found = [str(finding) for finding in examine(home)]
    assert any(word in sentence for sentence in found), found
    assert all("What to do" in sentence for sentence in found)
