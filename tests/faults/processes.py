"""Homes for fault tests, the process that refreshes them, and what has to be true of a home at every moment."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

from naome_pipeline.damage import damage_of_reports, damage_of_tables
from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake
from naome_pipeline.ledger import entries
from naome_pipeline.leftovers import find_leftovers
from naome_pipeline.synthetic import write_delivery
from naome_pipeline.tables import file_sha256
from naome_pipeline.views import VIEWS_FILE

ROOT = Path(__file__).parent.parent.parent
FEED, PERIOD, EARLIER = "england_quarterly", "2025Q3", "2025Q2"
LAYOUT, SNAPSHOT = "england_quarterly_2025", "2025-12-31"
# Everything that has to be the same after a fault and a plain re-run. The file of views is not: DuckDB writes it.
COMPARED = (
    "lake/data",
    "lake/deliveries",
    "lake/releases",
    "lake/ledger",
    "reports",
    "confidential",
    "landing",
)


class Worker:
    """The process of `worker.py`."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NAOME_DISCLOSURE_POLICY": "public"}
        environment.pop("NAOME_HOME", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.worker", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
            text=True,
        )

    def run(self, *jobs: dict[str, Any]) -> list[dict[str, Any]]:
        """Run jobs side by side; how each ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(jobs) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def refresh(self, home: Home, period: str = PERIOD, **options: Any) -> dict[str, Any]:
        """One refresh; how it ended."""
        return self.run({"home": str(home.root), "period": period, **options})[0]

    def refreshed(self, home: Home, period: str = PERIOD) -> dict[str, Any]:
        """One refresh that has to succeed."""
        done = self.refresh(home, period)
        assert done["code"] == 0, done
        return done

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)


def deliveries(folder: Path) -> dict[str, Path]:
    """A first delivery, a corrected one (fewer courses of chemotherapy), and the same files for the quarter before."""
    first = folder / "first"
    write_delivery(first, feed=FEED, period=PERIOD, people=300, seed=3, volume=0.01)
    corrected, earlier = folder / "corrected", folder / "earlier"
    for copy, period, version in ((corrected, PERIOD, 2), (earlier, EARLIER, 1)):
        shutil.copytree(first, copy)
        (copy / "manifest.json").unlink()
        if version == 2:
            path = next(iter(sorted(copy.glob("sact*"))))
            lines = path.read_bytes().splitlines(keepends=True)
            path.write_bytes(b"".join(lines[: max(2, len(lines) * 9 // 10)]))
        write_manifest(
            copy,
            feed=FEED,
            period=period,
            layout=LAYOUT,
            snapshot_date=SNAPSHOT,
            version=version,
            synthetic=True,
        )
    return {"first": first, "corrected": corrected, "earlier": earlier}


def received(root: Path, *folders: Path) -> Home:
    """A new home that has received deliveries."""
    home = Home.locate(root).create()
    for folder in folders:
        receive(folder, home)
    return home


def receive(folder: Path, home: Home) -> None:
    """Take a delivery in without the checks of `naome receive`, which are tested elsewhere and take seconds."""
    manifest = read_manifest(folder)
    shutil.copytree(folder, home.landing / manifest.feed / manifest.period / f"v{manifest.version:03d}")


def copy_of(home: Home, root: Path) -> Home:
    """A home that a test may hurt."""
    shutil.copytree(home.root, root, symlinks=True)
    return Home.locate(root).create()


def warm(base: Home, made: Home, root: Path) -> Home:
    """A home as it was before a refresh, but with the data that the refresh makes already in the lake, unpublished."""
    home = copy_of(base, root)
    shutil.rmtree(home.lake / "data")
    shutil.copytree(made.lake / "data", home.lake / "data")
    for delivery in made.landing.glob("*/*/v*"):
        target = home.landing / delivery.relative_to(made.landing)
        if not target.exists():
            shutil.copytree(delivery, target)
    return home


def tree(home: Home) -> dict[str, str]:
    """Every file that counts, with its hash."""
    found = {}
    for part in COMPARED:
        for path in sorted((home.root / part).rglob("*")):
            if path.is_file():
                found[path.relative_to(home.root).as_posix()] = file_sha256(path)
    return found


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Names of files that are not the same in two homes."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def seen_by_readers(home: Home, period: str = PERIOD) -> dict[str, str]:
    """The tables of a period as readers have them: name to hash of the file's bytes."""
    lake = Lake(home.lake)
    scope = lake.reading_scope(FEED, period)
    return {n: file_sha256(lake.readable(scope, n).path) for n in lake.readable_names(scope)}


def digest(content: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def torn(home: Home) -> list[str]:
    """What no reader may ever find, however a process ended: releases, reports, ledger or views that are not whole."""
    lake, found = Lake(home.lake), []
    for scope in lake.all_releases():
        found += damage_of_tables(lake, scope)
        found += damage_of_reports(home, scope)
    for entry in entries(lake, FEED):
        if file_sha256(entry.path) != entry.sha256:
            found.append(f"ledger entry {entry.number}")
    numbers = [entry.number for entry in entries(lake, FEED)]
    if numbers != list(range(1, len(numbers) + 1)):
        found.append(f"ledger numbers {numbers}")
    if (views := home.lake / VIEWS_FILE).is_file():
        with duckdb.connect(str(views), read_only=True) as connection:
            for schema, view in connection.execute(
                "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal"
            ).fetchall():
                connection.execute(f'SELECT COUNT(*) FROM "{schema}"."{view}"').fetchall()
    return found


def left_behind(home: Home) -> list[str]:
    """Unfinished work that nobody holds."""
    return [path.relative_to(home.root).as_posix() for path in find_leftovers(home)]
