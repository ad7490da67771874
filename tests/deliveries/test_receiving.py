"""Receiving: whole or not at all, immutable, by version."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
import time
from pathlib import Path

import pytest

from naome_pipeline.deliveries import checking, receiving, text_files
from naome_pipeline.deliveries.checking import check_delivery
from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.manifest import read_manifest
from naome_pipeline.deliveries.receiving import accepted_deliveries, newest_delivery, receive_delivery
from naome_pipeline.deliveries.scans import SCANS_FILE
from naome_pipeline.deliveries.text_files import some_at_a_time
from tests.deliveries.small import deliver, standard_files

FEED, PERIOD = "england_quarterly", "2025Q3"


def tree(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.fixture
def landing(tmp_path) -> Path:
    return tmp_path / "landing"


def test_an_accepted_delivery_is_a_whole_copy_that_nobody_writes_to(tmp_path, landing):
    source = deliver(tmp_path / "d", dict(standard_files())).path
    accepted = receive_delivery(source, landing)
    assert accepted.path == landing / FEED / PERIOD / "v001"
    taken = tree(accepted.path)
    assert taken.pop(SCANS_FILE)
    assert taken == tree(source)
    assert all(p.stat().st_mode & 0o377 == 0 for p in accepted.path.rglob("*.csv"))
    assert accepted.id == "england_quarterly 2025Q3 v1"


def test_the_newest_version_is_used_and_older_ones_stay(tmp_path, landing):
    receive_delivery(deliver(tmp_path / "one", dict(standard_files())).path, landing)
    changed = standard_files() | {"cwt.txt": standard_files()["cwt.txt"].replace(b"\t08", b"\t01")}
    receive_delivery(deliver(tmp_path / "two", dict(changed), version=2).path, landing)
    assert [d.version for d in accepted_deliveries(landing)] == [1, 2]
    assert newest_delivery(landing, FEED, PERIOD).version == 2


def test_same_content_again_and_a_taken_version_are_refused_with_what_to_do(tmp_path, landing):
    source = deliver(tmp_path / "one", dict(standard_files())).path
    receive_delivery(source, landing)
    before = tree(landing)
    with pytest.raises(DeliveryError, match="accepted before as england_quarterly 2025Q3 v1"):
        receive_delivery(source, landing)
    changed = standard_files() | {"cwt.txt": standard_files()["cwt.txt"].replace(b"\t08", b"\t01")}
    with pytest.raises(DeliveryError, match="--version 2"):
        receive_delivery(deliver(tmp_path / "two", dict(changed)).path, landing)
    assert tree(landing) == before


def test_a_refused_delivery_leaves_nothing_behind_and_names_every_finding(tmp_path, landing):
    source = deliver(tmp_path / "d", dict(standard_files())).path
    (source / "cwt.txt").unlink()
    (source / "rcrd_tumour.csv").write_bytes(b"")
    with pytest.raises(DeliveryError) as refusal:
        receive_delivery(source, landing)
    assert "cwt.txt" in str(refusal.value)
    assert "rcrd_tumour.csv" in str(refusal.value)
    assert not list(landing.rglob("*"))


def manifest_with(folder, **changes):
    """Change what a manifest says."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_hashes_in_capitals_are_the_same_hashes(tmp_path, landing):
    small = deliver(tmp_path / "small", dict(standard_files()))
    stated = json.loads((small.path / "manifest.json").read_text(encoding="utf-8"))
    for file in stated["files"]:
        assert file["sha256"] != file["sha256"].upper()
        file["sha256"] = file["sha256"].upper()
    (small.path / "manifest.json").write_text(json.dumps(stated), encoding="utf-8")
    accepted = receive_delivery(small.path, landing)
    assert accepted.fingerprint == small.manifest.fingerprint


def test_a_snapshot_of_tomorrow_and_a_period_after_the_snapshot_are_refused(tmp_path):
    """People without a record of death count as followed up to the snapshot: a wrong year gives them years."""
    folder = deliver(tmp_path / "d", dict(standard_files())).path
    later = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)
    manifest_with(folder, snapshot_date=later.isoformat())
    assert [f.where for f in check_delivery(folder).findings if f.refuses] == ["snapshot_date"]
    manifest_with(folder, snapshot_date="2025-09-29")
    assert [f.where for f in check_delivery(folder).findings if f.refuses] == ["period"]
    manifest_with(folder, snapshot_date="2025-09-30")
    assert check_delivery(folder).acceptable


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ({"sact": "2025-10-31"}, "no file of it is in the delivery"),
        ({"death": "2025-10-31"}, "no file of it is in the delivery"),
        ({"tumours": "2025-08-31"}, "registrations have to reach the end of the period"),
        ({"deaths": "2026-01-01"}, "after the snapshot of 2025-12-31"),
    ],
)
def test_an_end_that_a_data_set_cannot_have_is_refused(tmp_path, ends, message):
    folder = deliver(tmp_path / "d", dict(standard_files())).path
    manifest_with(folder, complete_to=ends)
    (found,) = [f for f in check_delivery(folder).findings if f.refuses]
    assert found.where == f"complete_to.{next(iter(ends))}"
    assert message in found.message


@pytest.mark.parametrize(
    "path", ["a" * 256, "é" * 128, "/".join(["folder"] * 300), "\ud800.csv", "a\x00.csv"]
)
def test_a_name_that_no_file_can_have_is_said(tmp_path, path):
    folder = deliver(tmp_path / "d", dict(standard_files())).path
    stated = json.loads((folder / "manifest.json").read_text())
    stated["files"][0]["path"] = path
    (folder / "manifest.json").write_text(json.dumps(stated))
    report = check_delivery(folder)
    assert not report.acceptable
    assert all(len(str(finding)) > 20 for finding in report.findings)


def test_a_manifest_says_where_a_data_set_ends_and_nothing_where_none_does(tmp_path):
    folder = deliver(tmp_path / "d", dict(standard_files())).path
    plain = read_manifest(folder)
    assert "complete_to" not in json.loads((folder / "manifest.json").read_text())
    manifest_with(folder, complete_to={"hes_apc": "2025-10-31", "deaths": "2025-11-30"})
    assert check_delivery(folder).acceptable
    ended = read_manifest(folder)
    assert ended.complete_to == {"deaths": dt.date(2025, 11, 30), "hes_apc": dt.date(2025, 10, 31)}
    assert ended.content_fingerprint != plain.content_fingerprint
    manifest_with(folder, complete_to={"deaths": "2025-11-30", "hes_apc": "2025-10-31"})
    assert read_manifest(folder).fingerprint == ended.fingerprint


def test_an_older_state_does_not_supersede_a_newer_one(tmp_path, landing):
    receive_delivery(deliver(tmp_path / "one", dict(standard_files())).path, landing)
    files = dict(standard_files())
    files["cwt.txt"] = files["cwt.txt"].replace(b"C509", b"C504")
    older = deliver(tmp_path / "two", files, version=2).path
    manifest_with(older, snapshot_date="2025-11-30")
    with pytest.raises(DeliveryError, match="an older state would supersede a newer one"):
        receive_delivery(older, landing)
    assert len(accepted_deliveries(landing)) == 1


@pytest.mark.parametrize("name", ["deaths.txt", "rcrd_tumour.csv"])
def test_a_quote_that_swallows_the_rest_of_a_file_refuses_it(tmp_path, name):
    files = dict(standard_files())
    mark = b"|" if name == "deaths.txt" else b","
    lines = files[name].split(b"\n")
    lines[3] = lines[3].replace(mark, mark + b'"', 1)
    files[name] = b"\n".join(lines)
    refused = [f for f in check_delivery(deliver(tmp_path / "d", files).path).findings if f.refuses]
    assert any(f.file == name and "a quote" in f.message for f in refused), refused


def test_a_file_that_says_it_has_more_records_is_refused(tmp_path):
    files = dict(standard_files())
    lines = files["deaths.txt"].split(b"\n")
    files["deaths.txt"] = b"\n".join([*lines[:10], *lines[-2:]])
    [refused] = [f for f in check_delivery(deliver(tmp_path / "d", files).path).findings if f.refuses]
    assert refused.file == "deaths.txt"
    assert "says that it has 40 records, it has 9" in refused.message


def test_files_looked_at_two_at_a_time_are_found_as_one_at_a_time(tmp_path, monkeypatch):
    files = standard_files() | {"cwt.txt": standard_files()["cwt.txt"].replace(b"/02/2023", b"/02/1823")}
    source = deliver(tmp_path / "d", dict(files)).path
    (source / "rcrd_tumour.csv").write_bytes(b"")
    found = []
    for number in (1, 2):
        monkeypatch.setattr(text_files, "FILES_AT_A_TIME", number)
        report = check_delivery(source)
        found.append(([str(finding) for finding in report.findings], list(report.scans)))
    assert found[0] == found[1]
    assert len(found[0][0]) > 2


@pytest.mark.parametrize("problem", [KeyboardInterrupt, DeliveryError])
def test_after_an_interruption_what_runs_is_told_and_nothing_more_is_begun(problem):
    begun, told = [], threading.Event()

    def look(number: int) -> int:
        begun.append(number)
        if number == 1:
            raise problem
        assert number == 0 or told.wait(10)
        return number

    with pytest.raises(problem):
        some_at_a_time(look, range(100), told.set)
    assert told.is_set()
    assert len(begun) <= 4


def test_a_file_that_changes_while_others_are_taken_leaves_nothing_behind(tmp_path, landing, monkeypatch):
    source = deliver(tmp_path / "d", dict(standard_files())).path
    written = []

    def slowly(one: Path, copy: Path) -> str:
        if not written:
            written.append(copy)
            return "another hash"
        time.sleep(0.3)
        written.append(copy)
        copy.write_bytes(one.read_bytes())
        return hashlib.sha256(one.read_bytes()).hexdigest()

    monkeypatch.setattr(receiving, "copy_hashed", slowly)
    with pytest.raises(DeliveryError, match="changed while it was being received"):
        receive_delivery(source, landing)
    number = len(written)
    assert not [path for path in landing.rglob("*") if path.is_file()]
    time.sleep(0.5)
    assert len(written) == number, "nothing is copied any more"


def test_a_check_that_fails_says_why_though_others_are_interrupted(tmp_path, monkeypatch):
    source = deliver(tmp_path / "d", dict(standard_files())).path

    def broken(*_: object) -> None:
        raise MemoryError("of the first file")

    monkeypatch.setattr(checking, "count_records", broken)
    with pytest.raises(MemoryError, match="of the first file"):
        check_delivery(source)


def test_without_a_delivery_the_error_says_how_to_get_one(landing):
    with pytest.raises(DeliveryError, match="naome receive DIR"):
        newest_delivery(landing, FEED, PERIOD)
