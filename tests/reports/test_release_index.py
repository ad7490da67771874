"""The index of the reports folder: every release there is, the superseded ones marked, the same bytes twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from naome_pipeline.reports.release_index import (
    INDEX_FILE,
    MANIFEST_FILE,
    releases_by_feed,
    write_release_index,
)


def manifest(folder: Path, feed: str, period: str, version: int, policy: str = "public") -> None:
    target = folder / feed / period / f"v{version:03d}"
    target.mkdir(parents=True)
    content = {
        "feed": feed,
        "period": period,
        "version": version,
        "snapshot_date": "2025-12-31",
        "disclosure_policy": policy,
        "compared_with": None,
        "revised_cells": 1234,
        "files": [{"path": "index.html", "sha256": "a", "bytes": 1}],
    }
    (target / MANIFEST_FILE).write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for feed, period, version in (
        ("england_quarterly", "2025Q2", 1),
        ("england_quarterly", "2025Q3", 1),
        ("england_quarterly", "2025Q3", 2),
        ("england_annual", "2025", 1),
    ):
        manifest(tmp_path, feed, period, version)
    return tmp_path


def test_every_release_is_listed_newest_first_with_the_superseded_marked(reports):
    listed = releases_by_feed(reports)
    assert list(listed) == ["england_annual", "england_quarterly"]
    quarterly = [(r["period"], r["version"], r["superseded_by"]) for r in listed["england_quarterly"]]
    assert quarterly == [("2025Q3", 2, None), ("2025Q3", 1, 2), ("2025Q2", 1, None)]


def test_links_lead_to_the_pages_and_nowhere_else(reports):
    write_release_index(reports)
    page = (reports / INDEX_FILE).read_text(encoding="utf-8")
    links = set(re.findall(r'href="([^"]+)"', page)) - {"data:,"}
    assert links == {
        f"{feed}/{period}/v{version:03d}/index.html"
        for feed, period, version in (
            ("england_quarterly", "2025Q2", 1), ("england_quarterly", "2025Q3", 1), ("england_quarterly", "2025Q3", 2),
            ("england_annual", "2025", 1),
        )
    }  # fmt: skip
    assert page.count("superseded by version 2") == 1
    assert "http" not in page.replace("http-equiv", "")
    assert "not an NHS service" in page
    assert "internal use only" not in page


def test_internal_releases_are_called_internal(reports):
    manifest(reports, "england_quarterly", "2025Q4", 1, policy="internal")
    write_release_index(reports)
    page = (reports / INDEX_FILE).read_text(encoding="utf-8")
    assert page.count("internal use only") == 1


def test_same_folder_same_bytes(reports):
    write_release_index(reports)
    first = (reports / INDEX_FILE).read_bytes()
    write_release_index(reports)
    assert (reports / INDEX_FILE).read_bytes() == first
    assert not list(reports.glob(".index*"))


def test_an_empty_folder_says_so(tmp_path):
    write_release_index(tmp_path)
    assert "Nothing has been released yet" in (tmp_path / INDEX_FILE).read_text(encoding="utf-8")
