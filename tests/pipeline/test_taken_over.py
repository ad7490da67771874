"""A corrected delivery: files that did not change are not read again, and no byte of the lake tells."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import random
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from assets.node import asset_of
from assets.resources import PipelineResource
from assets.sources import hes_apc
from assets.sources import reading as sources_reading
from naome_pipeline.build import Built, Delivered, build
from naome_pipeline.deliveries.matching import matched_files
from naome_pipeline.deliveries.reading import read_data_set
from naome_pipeline.deliveries.receiving import accepted_delivery
from naome_pipeline.deliveries.reuse import made_from
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.logs import lines
from naome_pipeline.stored import RECORD_FILE, as_json, read_json
from tests.deliveries import small
from tests.deliveries.test_pieces import HEADER, SMALL, episode

FEED, PERIOD, LAYOUT = "england_quarterly", "2025Q3", "england_quarterly_2025"
YEARS = ("2223", "2324", "2425")
# Two pieces for each file.
ROWS = 9_000

Records = dict[str, list[str]]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    monkeypatch.setattr(sources_reading, "read_data_set", partial(read_data_set, row_group_size=SMALL))


@pytest.fixture(autouse=True)
def _three_years_are_enough(monkeypatch):
    """A gate would miss the others, and the months of these."""
    monkeypatch.setattr(sources_reading, "people_by_month", lambda *_: {})


@pytest.fixture
def home(tmp_path) -> Home:
    return Home.locate(tmp_path / "home").create()


def records(years: tuple[str, ...] = YEARS) -> Records:
    """Files of admissions with everything that happens in one, repeats of its own rows included, and of no other's."""
    return {year: [episode(n, year) for n in range(ROWS) if n % 1_000 != 600] for year in years}


def name(year: str) -> str:
    return f"hes_apc_{year}.txt"


def deliver(home: Home, content: Mapping[str, list[str]], version: int) -> None:
    files = {name(year): "\n".join([HEADER, *content[year]]) + "\n" for year in content}
    small.deliver(home.landing / Scope(FEED, PERIOD, version).folder, files, LAYOUT, version, FEED, PERIOD)


def built(home: Home, version: int, lake: Path | None = None) -> Built:
    delivered = Delivered.of(accepted_delivery(home.landing, FEED, PERIOD, version), home)
    with open_connection(EngineSettings(threads=2, scratch=home.scratch)) as connection:
        return build(hes_apc.node, delivered, Lake(lake or home.lake), Engine(connection))


def content_of(made: Built) -> dict[str, bytes]:
    folder = made.table.folder
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def anew(home: Home, version: int) -> dict[str, bytes]:
    """What a lake that knows no other version makes of a delivery."""
    other = home.root / "fresh_lake"
    made = built(home, version, other)
    assert made.notes == {}
    content = content_of(made)
    shutil.rmtree(other)
    return content


def make_unreadable(home: Home, version: int, *years: str) -> None:
    """Leave only the header of files: whoever reads them finds that they are not what was accepted."""
    for year in years:
        (home.landing / Scope(FEED, PERIOD, version).folder / name(year)).write_text(HEADER + "\nx\n")


def corrected(home: Home, change: Callable[[Records], None]) -> Records:
    """Version 1 in the lake, and version 2 received: the records as changed."""
    content = records()
    deliver(home, content, 1)
    assert built(home, 1).notes == {}
    change(content)
    deliver(home, content, 2)
    return content


def shorten(content: Records, year: str = "2324") -> None:
    content[year] = content[year][:-40]


@pytest.mark.parametrize("year", YEARS)
def test_only_the_corrected_file_is_read_and_no_byte_tells(home, year):
    corrected(home, lambda content: shorten(content, year))
    expected = anew(home, 2)
    make_unreadable(home, 2, *(set(YEARS) - {year}))
    made = built(home, 2)
    assert made.notes == {"files_taken_over": 2}
    assert content_of(made) == expected
    assert len([path for path in expected if path.startswith("table_")]) == 6
    reasons = {"duplicate_row", "impossible_date", "malformed_line", "missing_value"}
    assert set(_quarantined(made)) == reasons
    assert made.table.record["measures"]["values_unreadable"] > 0


def _quarantined(made: Built) -> set[str]:
    with open_connection(EngineSettings(threads=1, scratch=made.table.folder)) as connection:
        found = connection.execute(
            "SELECT DISTINCT reason FROM read_parquet(?)", [str(made.table.quarantine_path)]
        ).fetchall()
    return {reason for (reason,) in found}


def test_what_is_taken_over_is_stored_once_and_survives_the_earlier_table(home):
    corrected(home, shorten)
    expected = anew(home, 2)
    made = built(home, 2)
    links = {path.name: path.stat().st_nlink for path in made.table.folder.glob("*.parquet")}
    assert links == {f"table_{n:04d}.parquet": 1 if n in (3, 4) else 2 for n in range(1, 7)} | {
        "quarantine.parquet": 1
    }
    shutil.rmtree(Lake(home.lake).published(Scope(FEED, PERIOD, 1), "hes_apc").folder)
    assert content_of(made) == expected


def test_where_files_cannot_have_two_names_they_are_copied(home, monkeypatch):
    corrected(home, shorten)
    expected = anew(home, 2)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    made = built(home, 2)
    assert made.notes == {"files_taken_over": 2}
    assert content_of(made) == expected
    assert {path.stat().st_nlink for path in made.table.folder.glob("*.parquet")} == {1}


@pytest.mark.parametrize(("changed", "other"), [("2324", "2223"), ("2324", "2425")])
@pytest.mark.parametrize("same_row", [True, False])
def test_file_whose_row_the_corrected_file_repeats_is_read_again(home, changed, other, same_row):
    def repeat(content: Records) -> None:
        row = content[other][0]
        content[changed][4_500] = row if same_row else row.replace("RAJ", "RXX")

    corrected(home, repeat)
    expected = anew(home, 2)
    (third,) = set(YEARS) - {changed, other}
    make_unreadable(home, 2, third)
    made = built(home, 2)
    assert made.notes == {"files_taken_over": 1}
    assert content_of(made) == expected
    repeats = [file["file"] for file in made.table.record["files_of_delivery"] if file["repeats_others"]]
    assert repeats == sorted([name(changed), name(other)])


def test_file_whose_rows_were_judged_beside_another_files_is_read_again(home):
    content = records()
    content["2425"][100] = content["2223"][5_000]
    deliver(home, content, 1)
    built(home, 1)
    # The file whose row was kept goes: the other one's row comes back.
    first = content.pop("2223")
    deliver(home, content, 2)
    expected = anew(home, 2)
    make_unreadable(home, 2, "2324")
    made = built(home, 2)
    assert made.notes == {"files_taken_over": 1}
    assert content_of(made) == expected
    # It is back: version 2 has the other file with a row that must go again.
    deliver(home, content | {"2223": first[:-40]}, 3)
    expected = anew(home, 3)
    make_unreadable(home, 3, "2324")
    made = built(home, 3)
    assert made.notes == {"files_taken_over": 1}
    assert content_of(made) == expected


def test_files_that_came_or_went_do_not_matter_to_the_others(home):
    def change(content: Records) -> None:
        del content["2223"]
        content["2526"] = records(("2526",))["2526"]

    corrected(home, change)
    expected = anew(home, 2)
    make_unreadable(home, 2, "2324", "2425")
    made = built(home, 2)
    assert made.notes == {"files_taken_over": 2}
    assert content_of(made) == expected


def test_any_earlier_version_will_do(home):
    content = corrected(home, shorten)
    Lake(home.lake).record_failure(Scope(FEED, PERIOD, 2), "hes_apc", "it was refused")
    shorten(content, "2425")
    deliver(home, content, 3)
    expected = anew(home, 3)
    make_unreadable(home, 3, "2223")
    made = built(home, 3)
    assert made.notes == {"files_taken_over": 1}
    assert content_of(made) == expected


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _first_piece(folder: Path) -> Path:
    return folder / "table_0001.parquet"


@pytest.mark.parametrize(
    ("damage", "taken_over"),
    [
        (lambda folder: _flip(_first_piece(folder)), 1),
        (lambda folder: _first_piece(folder).unlink(), 0),
        (lambda folder: _flip(folder / "quarantine.parquet"), 0),
        (lambda folder: (folder / "record.json").write_text("{"), 0),
        (lambda folder: (folder / "record.json").write_text('{"files": {}}'), 0),
        (shutil.rmtree, 0),
    ],
    ids=["a piece", "a piece is gone", "quarantine", "record", "an empty record", "forgotten"],
)
def test_damaged_earlier_table_is_not_used(home, damage, taken_over):
    corrected(home, shorten)
    expected = anew(home, 2)
    damage(Lake(home.lake).published(Scope(FEED, PERIOD, 1), "hes_apc").folder)
    made = built(home, 2)
    assert made.notes.get("files_taken_over", 0) == taken_over
    assert content_of(made) == expected


def test_another_snapshot_date_is_another_judgement(home, monkeypatch):
    content = records()
    deliver(home, content, 1)
    built(home, 1)
    monkeypatch.setattr(small, "SNAPSHOT", small.SNAPSHOT + dt.timedelta(days=2_000))
    deliver(home, content, 2)
    made = built(home, 2)
    assert made.notes == {}
    assert content_of(made) == anew(home, 2)
    assert "impossible_date" not in _quarantined(made)


def test_other_code_is_another_judgement(home):
    corrected(home, shorten)
    path = Lake(home.lake).published(Scope(FEED, PERIOD, 1), "hes_apc").folder / RECORD_FILE
    path.write_text(as_json(read_json(path) | {"code_version": "of another day"}))
    assert built(home, 2).notes == {}


def test_rows_follow_from_the_files_that_are_joined_too(home):
    content = records()
    deliver(home, content, 1)
    shorten(content)
    deliver(home, content, 2)
    origins = set()
    for version in (1, 2):
        accepted = accepted_delivery(home.landing, FEED, PERIOD, version)
        match = dataclasses.replace(matched_files(accepted)["hes_apc"][0], joined={"more": name("2324")})
        origins.add(made_from(accepted, match, repeats_expected=False, row_group_size=SMALL))
    assert len(origins) == 2


def test_table_in_one_file_is_made_again(home):
    content = {year: rows[:1_000] for year, rows in records().items()}
    deliver(home, content, 1)
    assert "files_of_delivery" not in built(home, 1).table.record
    shorten(content)
    deliver(home, content, 2)
    made = built(home, 2)
    assert made.notes == {}
    assert content_of(made) == anew(home, 2)


@pytest.mark.parametrize("seed", range(4))
def test_drawn_corrections(home, seed):
    """Versions in which rows go, repeat their own file's or another's, or are spoilt: each as in a lake of its own."""
    draw = random.Random(seed)
    content = records()
    counts = []
    for version in range(1, 6):
        deliver(home, content, version)
        made = built(home, version)
        assert content_of(made) == anew(home, version)
        counts.append(made.notes.get("files_taken_over", 0))
        year = draw.choice(sorted(content))
        rows = content[year] = list(content[year])
        place = draw.randrange(len(rows))
        match draw.choice(["cut", "spoil", "own", "other", "other key"]):
            case "cut":
                del rows[place:]
                rows += records((year,))[year][place : ROWS // 2]
            case "spoil":
                rows[place] = rows[place][:9]
            case "own":
                rows.insert(place, draw.choice(rows))
            case "other":
                rows[place] = draw.choice(content[draw.choice(sorted(content))])
            case _:
                rows[place] = draw.choice(content[draw.choice(sorted(content))]).replace("RAJ", "RYY")
    assert counts[0] == 0
    assert max(counts) > 0


def test_log_and_run_say_how_many_files_were_taken_over(home):
    corrected(home, shorten)
    made = dg.materialize(
        [asset_of(hes_apc.node, FEED)],
        resources={"pipeline": PipelineResource(home=str(home.root))},
        partition_key="2025-07-01",
    )
    (event,) = made.asset_materializations_for_node(f"{FEED}__hes_apc")
    assert event.metadata["files_taken_over"].value == 2
    (line,) = lines(home)
    assert (line["event"], line["node"], line["files_taken_over"]) == ("node done", "hes_apc", 2)
