"""Patient-level values never leave the lake: a canary in every text and id column is found nowhere else."""

from __future__ import annotations

import csv
import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from naome_pipeline.deliveries.manifest import write_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.home import Home
from naome_pipeline.logs import lines
from naome_pipeline.refreshing import refresh
from naome_pipeline.synthetic import write_delivery
from tests.pipeline.outputs import texts
from tests.pipeline.releases import FEED, PERIOD, VOLUME, silent

CANARY = "XQZCANARYVALUE"


def plant(path: Path, delimiter: str, encoding: str) -> None:
    """Put the canary into every column that is not a number or a date, in three rows of each file."""
    with path.open(encoding=encoding, newline="") as stream:
        rows = list(csv.reader(stream, delimiter=delimiter))
    header, body = rows[0], rows[1:]
    for position in (0, len(body) // 2):
        row = body[position]
        if len(row) != len(header):
            continue
        for index, name in enumerate(header):
            if "date" not in name.lower():
                row[index] = CANARY
    if len(body) > 3 and len(body[1]) == len(header):
        body[1][0] = CANARY
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows([header, *body])


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    folder = tmp_path_factory.mktemp("canary")
    delivery = folder / "delivery"
    write_delivery(delivery, feed=FEED, period=PERIOD, people=1_500, seed=5, volume=VOLUME)
    for path in sorted(delivery.glob("*.csv")) + sorted(delivery.glob("*.txt")):
        first = path.read_bytes()[:2000]
        delimiter = max(",|\t", key=lambda d: first.split(b"\n")[0].count(d.encode()))
        encoding = "utf-8-sig" if first.startswith(b"\xef\xbb\xbf") else "latin-1"
        plant(path, delimiter, encoding)
    snapshot = dt.date(2025, 12, 31)
    write_manifest(
        delivery, feed=FEED, period=PERIOD, layout="england_quarterly_2025", snapshot_date=snapshot, version=1
    )
    home = Home.locate(folder / "home").create()
    receive_delivery(delivery, home.landing)
    refresh(home, FEED, PERIOD, silent)
    return home


def files_outside_the_lake(home: Home) -> list[Path]:
    return [
        p
        for folder in (home.dagster, home.logs, home.reports, home.confidential)
        for p in folder.rglob("*")
        if p.is_file()
    ]


def test_canary_is_in_the_lake(home):
    from naome_pipeline.lake import Lake

    people = Lake(home.lake).frame("hes_apc", feed=FEED, period=PERIOD)
    assert people["person_id"].eq(CANARY).any()


def test_canary_is_nowhere_in_dagster_storage_logs_or_reports(home):
    searched = files_outside_the_lake(home)
    assert any(p.suffix == ".db" for p in searched)
    assert any(p.name == "index.html" for p in searched)
    assert {"node done", "released"} <= {line["event"] for line in lines(home)}
    found = [p for p in searched if CANARY.encode() in p.read_bytes()]
    # What is compressed inside an output is searched too.
    outputs = [p for p in searched if home.reports in p.parents]
    found += [p for p in outputs if any(CANARY in text for text in texts(p))]
    assert found == []


def test_canary_is_in_no_event_of_the_run(home):
    events = 0
    for path in home.dagster.rglob("*.db"):
        with sqlite3.connect(path) as connection:
            tables = [r[0] for r in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
                events += len(rows) if table == "event_logs" else 0
                assert not any(CANARY in str(value) for row in rows for value in row)
    assert events > 100


def test_canary_is_in_no_audit_result(home):
    audits = list((home.lake / "data").rglob("audits/*.json")) + list(
        (home.lake / "data").rglob("record.json")
    )
    assert audits
    assert not [p for p in audits if CANARY in p.read_text(encoding="utf-8")]
