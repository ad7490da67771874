"""Receiving: whole or not at all, immutable, by version."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.receiving import accepted_deliveries, newest_delivery, receive_delivery
from naome_pipeline.deliveries.scans import SCANS_FILE
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


def test_without_a_delivery_the_error_says_how_to_get_one(landing):
    with pytest.raises(DeliveryError, match="naome receive DIR"):
        newest_delivery(landing, FEED, PERIOD)
