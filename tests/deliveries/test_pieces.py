"""A table in several pieces is the table in one piece: the same rows in the same order, quarantine and counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from naome_pipeline.deliveries import quarantine
from naome_pipeline.deliveries.reading import ReadCounts, read_data_set
from naome_pipeline.deliveries.receiving import AcceptedDelivery
from naome_pipeline.engine import ROW_GROUP_SIZE, Engine, EngineSettings, open_connection
from naome_pipeline.gates import load_suite, profile_table
from naome_pipeline.repeats import Suspects, rows_beyond_the_first
from naome_pipeline.tables import table_files, table_path
from tests.deliveries.small import deliver

HEADER = "TOKEN_PERSON_ID|EPIKEY|FYEAR|ADMIDATE|DISDATE|EPISTART|DIAG_01|DIAG_02|DIAG_03|OPERTN_01|OPDATE_01|PROCODET"
ROWS = 12_000
KEY = ["episode_id", "financial_year"]
# DuckDB hands rows on 2,048 at a time: no row group is smaller.
SMALL = 2_048


def episode(number: int, year: str) -> str:
    """One episode, every 100th of them with something that happens in real files."""
    values = {
        "person": f"{number // 3:010d}",
        "key": f"{year}{number:06d}",
        "discharge": f"2023-03-{1 + number % 28:02d}",
        "start": f"2023-03-{1 + number % 28:02d}",
        "diagnoses": "C509|C787|" if number % 5 else "R69X6||",
        "trust": "RAJ",
    }
    match number % 1_000:
        case 100:
            values["person"] = ""
        case 200:
            values["start"] = "2031-01-01"
        case 300:
            values["discharge"] = "soon"
        case 400:
            return f"{values['person']}|{values['key']}"
        case 500:
            # The row 3,000 before it: another piece of the same file.
            return episode(number - 3_000, year) if number > 3_000 else episode(1, year)
        case 600 if year != "2223":
            # A key of the first file with another trust.
            values["trust"] = f"R{year[:2]}"
            values["key"] = f"2223{number:06d}"
            year = "2223"
        case 700:
            values["diagnoses"] = "|C787|R69"
        case 800:
            values["diagnoses"] = "C50.9|-|C78.0X"
    return (
        f"{values['person']}|{values['key']}|{year}|{values['start']}|{values['discharge']}|{values['start']}|"
        f"{values['diagnoses']}|-   |1801-01-01|{values['trust']}"
    )


def file(year: str, *, long_records: bool) -> str:
    lines = [episode(number, year) for number in range(ROWS)]
    if long_records:
        lines[50] = lines[50].removesuffix("RAJ") + '"RAJ\n"'
        lines[9_050] = lines[9_050].removesuffix("RAJ") + '"\n\nRAJ"'
    return "\n".join([HEADER, *lines]) + "\n"


def read_pieces(
    delivery: AcceptedDelivery, folder: Path, *, threads: int = 2, row_group_size: int = ROW_GROUP_SIZE
) -> tuple[list[Path], list[Any], list[Any], ReadCounts]:
    """The files of the table, its rows in order, the quarantined rows and the counts."""
    folder.mkdir()
    quarantine = folder / "quarantine.parquet"
    with open_connection(EngineSettings(threads=threads, scratch=folder)) as connection:
        counts = read_data_set(
            connection,
            delivery,
            "hes_apc",
            folder / "table.parquet",
            quarantine,
            row_group_size=row_group_size,
        )
    files = table_files(table_path(folder))
    rows = [row for path in files for row in duckdb.read_parquet(str(path)).fetchall()]
    return files, rows, duckdb.read_parquet(str(quarantine)).fetchall(), counts


@pytest.mark.parametrize("long_records", [False, True])
def test_several_pieces_hold_what_one_piece_holds(tmp_path, long_records):
    years = ("2223", "2324", "2425")
    delivery = deliver(
        tmp_path / "d", {f"hes_apc_{year}.txt": file(year, long_records=long_records) for year in years}
    )
    whole = read_pieces(delivery, tmp_path / "whole")
    assert len(whole[0]) == 1
    assert whole[3].quarantined == {
        "duplicate_key": 24,
        "duplicate_row": 36,
        "impossible_date": 36,
        "malformed_line": 36,
        "missing_value": 36,
    }
    assert whole[3].coerced_to_null == {"discharge_date": 36}
    assert whole[3].rows_in == len(years) * ROWS
    keys = [row[1] for row in whole[1]]
    assert keys == sorted(keys)  # the order of the files and their lines
    for number, threads in enumerate((1, 2, 2, 2)):
        pieces = read_pieces(delivery, tmp_path / f"pieces{number}", threads=threads, row_group_size=SMALL)
        assert len(pieces[0]) >= 6
        assert pieces[1:] == whole[1:]


@pytest.mark.parametrize("removed", [True, False])
def test_the_gate_finds_repeats_that_reading_left(tmp_path, monkeypatch, removed):
    if not removed:
        monkeypatch.setattr(quarantine, "_write_without", lambda *_: None)
    delivery = deliver(tmp_path / "d", {"hes_apc_2223.txt": file("2223", long_records=False)})
    files, *_, counts = read_pieces(delivery, tmp_path / "pieces", row_group_size=SMALL)
    suspects = counts.suspects
    assert suspects is not None
    with duckdb.connect() as connection:
        engine, pieces = Engine(connection), table_path(files[0].parent)
        told, looked = (
            profile_table(engine, pieces, load_suite("sources", "hes_apc"), {}, known)
            for known in (suspects, None)
        )
        assert told == looked
        assert told["duplicate_keys"] == (0 if removed else 12)
        empty = Suspects(suspects.columns, suspects.hashes[:0])
        assert rows_beyond_the_first(connection, files, KEY, suspects=empty) == 0
        assert rows_beyond_the_first(connection, files, ["person_id"], suspects=empty) > 0


def test_repeats_are_counted_over_the_pieces(tmp_path):
    delivery = deliver(tmp_path / "d", {"hes_apc_2223.txt": file("2223", long_records=False)})
    files, rows, *_ = read_pieces(delivery, tmp_path / "pieces", row_group_size=SMALL)
    assert len(files) > 1
    with duckdb.connect() as connection:
        assert rows_beyond_the_first(connection, files, KEY) == 0
        people = len(rows) - len({row[0] for row in rows})
        assert rows_beyond_the_first(connection, files, ["person_id"]) == people > 0
