"""The doctor in small homes made by hand: what is said once, what counts as wrong, what a refresh and a repair bring back."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from typer.testing import CliRunner

from naome_pipeline import doctor, refreshing
from naome_pipeline.cli import app
from naome_pipeline.doctor import examine
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.views import VIEWS_FILE, rebuild_views

SCOPE = Scope("england_quarterly", "2025Q3", 1)


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    """A home with the record of one release without tables, whose disk is large enough."""
    monkeypatch.setattr(doctor, "FREE_DISK", 0)
    made = Home.locate(tmp_path).create()
    lake = Lake(made.lake)
    lake.write_release(SCOPE, {"tables": {}, "publication": "0" * 64})
    rebuild_views(lake)
    return made


def said(home: Home) -> dict[str, str]:
    return {finding.where: finding.what for finding in examine(home)}


def readable(path: Path) -> bool:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute("SELECT 1").fetchall() == [(1,)]


def test_tables_nothing_refers_to_are_one_line_and_nothing_wrong(home):
    before = len(examine(home))
    for number in range(5):
        (home.lake / "data" / "cohort" / "people" / f"{number}").mkdir(parents=True)
    unused = [finding for finding in examine(home) if not finding.wrong]
    assert len(examine(home)) == before + 1
    assert [finding.what.partition(" tables")[0] for finding in unused] == [
        "no delivery and no release refers to 5"
    ]
    printed = CliRunner().invoke(app, ["--home", str(home.root), "doctor"]).output
    assert f"{before} findings" in printed
    assert unused[0].repair is not None
    unused[0].repair()
    assert list((home.lake / "data" / "cohort" / "people").iterdir()) == []


def test_a_release_record_that_is_gone_is_missed(home):
    folder = home.reports / SCOPE.feed / SCOPE.period / "v001"
    folder.mkdir(parents=True)
    (folder / "release.json").write_text("{}")
    record = (home.lake / "releases" / SCOPE.folder).with_suffix(".json")
    assert "is missing, and" not in said(home).get(str(record), "")
    record.unlink()
    assert (
        said(home)[str(record)] == f"the record of {SCOPE.label} is missing, and its report folder is there"
    )


def test_a_stranger_among_the_reports_is_named(home):
    (home.reports / "index.html").touch()
    (home.reports / "people.csv").touch()
    assert said(home)[str(home.reports / "people.csv")].startswith("it was not published")
    assert str(home.reports / "index.html") not in said(home)


@pytest.mark.parametrize("content", [None, b"garbage" * 1000])
def test_the_file_of_views_is_made_again_by_a_repair_and_by_a_refresh_with_nothing_to_do(
    home, monkeypatch, content
):
    views, lake = home.lake / VIEWS_FILE, Lake(home.lake)

    def damage() -> None:
        views.unlink()
        if content is not None:
            views.write_bytes(content)

    damage()
    (finding,) = [finding for finding in examine(home) if finding.where == str(views)]
    assert finding.repair is not None
    finding.repair()
    assert readable(views)
    damage()
    state = {"delivery": "d", "code": "c", "policy": refreshing.policy_in_force().id}
    delivered = SimpleNamespace(scope=SCOPE, accepted=SimpleNamespace(fingerprint="d"))
    monkeypatch.setattr(refreshing, "Delivered", SimpleNamespace(newest=lambda *_: delivered))
    monkeypatch.setattr(refreshing, "code_identity", lambda: "c")
    monkeypatch.setattr(refreshing, "_known_state", lambda *_: state)
    monkeypatch.setattr(refreshing, "damage_of_release", lambda *_: [])
    done = refreshing._refresh(home, lake, SCOPE.feed, SCOPE.period, lambda *_: None)
    assert done.did_nothing
    assert readable(views)
