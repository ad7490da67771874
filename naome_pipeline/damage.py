"""Is a release still whole: every table and every report file with the hash it was published with?

What belongs here: reading files again and comparing. What does not: what else can be wrong with a home (`doctor.py`), or
making damaged tables again (a refresh does).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from naome_pipeline.deliveries.layouts import joint_feed_of
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.leftovers import is_work
from naome_pipeline.publishing import (
    MANIFEST_FILE,
    SUPERSEDED_FILE,
    confidential_folder,
    release_folder,
)
from naome_pipeline.stored import Damaged, NotPublished, PublishedTable, damage_of, read_json
from naome_pipeline.tables import file_sha256

# Hashing is bound by one core; two keep up with an ordinary disk.
THREADS = 2


def damage_of_release(home: Home, lake: Lake, scope: Scope) -> list[str]:
    """What is wrong with the tables, report files and confidential files of a release, one sentence each."""
    return [
        *damage_of_tables(lake, scope),
        *damage_of_reports(home, scope),
        *_damage_of_confidential(home, lake, scope),
    ]


def damage_of_tables(lake: Lake, scope: Scope) -> list[str]:
    """Tables of a release that are missing or are not what was stored."""
    found: list[str] = []
    tables: list[tuple[str, PublishedTable, str]] = []
    for name, entry in lake.release(scope)["tables"].items():
        try:
            table = lake.find(entry["layer"], name, entry["fingerprint"])
        except NotPublished as problem:
            found.append(str(problem))
            continue
        if table is None:
            found.append(f"table '{name}' of {scope.label} is missing from the lake")
        else:
            tables.append((name, table, entry["sha256"]))
    with ThreadPoolExecutor(THREADS) as pool:
        for (name, _, _), damage in zip(tables, pool.map(_damage_of_table, tables), strict=True):
            if damage:
                found.append(f"table '{name}' of {scope.label}: {damage}")
    return found


def _damage_of_table(entry: tuple[str, PublishedTable, str]) -> str | None:
    _, table, sha256 = entry
    if table.record.get("sha256") != sha256:
        return "the release has another hash than the record beside the data"
    return damage_of(table)


def damage_of_views(path: Path) -> str | None:
    """What is wrong with the analysts' file of views; one that somebody holds open is in order."""
    if not path.is_file():
        return "the analysts' file of views is missing"
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("SELECT COUNT(*) FROM duckdb_views()").fetchall()
    except duckdb.Error as problem:
        if "lock" not in str(problem).lower():
            return "the analysts' file of views cannot be read"
    return None


def damage_of_reports(home: Home, scope: Scope) -> list[str]:
    """Report files of a release that are missing, changed or strangers; a part of a joint feed has none."""
    if joint_feed_of(scope.feed):
        return []
    folder = release_folder(home, scope.feed, scope.period, scope.version)
    return list(_damage_of_folder(folder, f"the reports of {scope.label}"))


def _damage_of_confidential(home: Home, lake: Lake, scope: Scope) -> list[str]:
    """The same of the letters and lists; a release of an earlier version of the pipeline has none."""
    if all(entry["layer"] != "confidential" for entry in lake.release(scope)["tables"].values()):
        return []
    return list(
        _damage_of_folder(confidential_folder(home, scope), f"the confidential files of {scope.label}")
    )


def _damage_of_folder(folder: Path, what: str) -> Iterator[str]:
    if not folder.is_dir():
        yield f"{what} are missing: {folder}"
        return
    try:
        listed = {entry["path"]: entry["sha256"] for entry in read_json(folder / MANIFEST_FILE)["files"]}
    except (OSError, Damaged, KeyError, TypeError):
        yield f"{what}: {MANIFEST_FILE} cannot be read"
        return
    for name, sha256 in listed.items():
        path = folder / name
        if not path.is_file():
            yield f"{what}: {name} is missing"
        elif file_sha256(path) != sha256:
            yield f"{what}: {name} was changed after publication"
    # A half-written mark beside them is unfinished work, which has finders of its own (`leftovers.py`).
    found = (path for path in folder.rglob("*") if path.is_file() and not is_work(path))
    present = {path.relative_to(folder).as_posix() for path in found}
    for name in sorted(present - set(listed) - {MANIFEST_FILE, SUPERSEDED_FILE}):
        yield f"{what}: {name} was not published"
