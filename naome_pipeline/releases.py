"""Releases as people deal with them: list, compare, forget.

What belongs here: reading release records, the difference of two releases, deleting a delivery. What does not: making a
release (`publishing.py`).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.joining import joint_deliveries_with
from naome_pipeline.disclosure.revisions import revisions_sql
from naome_pipeline.disclosure.table_revisions import TABLES, Compared, table_revisions_sql
from naome_pipeline.engine import look_into_files
from naome_pipeline.errors import Refused
from naome_pipeline.home import Home
from naome_pipeline.lake import PUBLICATION, Edition, Lake, Scope
from naome_pipeline.leftovers import write_atomically
from naome_pipeline.stored import PublishedTable, as_json
from naome_pipeline.views import rebuild_views

_NAME = re.compile(
    r"^(?P<period>[0-9]{4}(Q[1-4])?)[:v](?P<version>[0-9]+)(\.(?P<edition>[0-9]+))?$", re.IGNORECASE
)
TABLE = "released_indicators"
# Layers that hold rows of people or are made of small groups; released tables and reports are public.
KEPT_LAYERS = ("release", "reports")


@dataclass(frozen=True)
class Forgotten:
    """What was deleted: files of the delivery, tables of the lake; and what stays, in words."""

    files: int
    tables: int
    kept: str


def scope_of(feed: str, name: str) -> Scope:
    """A delivery version or its release by name, `2025Q3:2` or `2025:1`; Refused says how to write it."""
    found = edition_of(feed, name)
    if found.number is not None:
        raise Refused(f"'{name}' is an edition of a release: write period and version alone, like 2025Q3:1")
    return found.scope


def edition_of(feed: str, name: str) -> Edition:
    """A release by its name, or an earlier edition of it: `2025Q3:2` or `2025Q3:2.1`; Refused says how to write it."""
    if not (match := _NAME.match(name.strip())):
        raise Refused(
            f"'{name}' is no release: write period and version like 2025Q3:1; see: naome release list"
        )
    scope = Scope(feed, match["period"].upper(), int(match["version"]))
    return Edition(scope, int(match["edition"]) if match["edition"] else None)


def release_list(lake: Lake) -> pd.DataFrame:
    """Every release: feed, period, version, edition, snapshot_date, pipeline_version, tables, superseded_by."""
    rows = []
    for scope in lake.all_releases():
        record = lake.release(scope)
        newest = lake.released_versions(scope.feed, scope.period)[-1]
        rows.append(
            {
                "feed": scope.feed,
                "period": scope.period,
                "version": scope.version,
                "edition": record.get("edition", 1),
                "snapshot_date": record["snapshot_date"],
                "pipeline_version": record["pipeline_version"],
                "tables": len(record["tables"]),
                "superseded_by": "" if newest == scope else f"{newest.period}:{newest.version}",
            }
        )
    columns = ["feed", "period", "version", "edition", "snapshot_date", "pipeline_version", "tables"]
    return pd.DataFrame(rows, columns=pd.Index([*columns, "superseded_by"]))


def release_difference(lake: Lake, earlier: Edition, later: Edition) -> pd.DataFrame:
    """Every published cell that differs between two releases, with both values; columns of the revisions table.

    Between two periods only cells that both have are compared.
    """
    before, now = (lake.released(one.scope, TABLE, one.number).path for one in (earlier, later))
    sql = revisions_sql(now, before, same_period=earlier.scope.period == later.scope.period)
    with look_into_files() as connection:
        return connection.execute(f"SELECT * FROM ({sql}) ORDER BY ALL").fetchdf()


def table_differences(lake: Lake, earlier: Edition, later: Edition) -> pd.DataFrame:
    """Every published value of the other released tables that differs between two releases; columns of table_revisions."""
    before, now = (
        {
            name: lake.released(one.scope, name, one.number)
            for name in (TABLE, *TABLES)
            if name in lake.release(one.scope, one.number)["tables"]
        }
        for one in (earlier, later)
    )
    sql = table_revisions_sql(
        compared_tables(now, before),
        (now[TABLE].path, before[TABLE].path),
        same_period=earlier.scope.period == later.scope.period,
    )
    with look_into_files() as connection:
        return connection.execute(f"SELECT * FROM ({sql}) ORDER BY ALL").fetchdf()


def compared_tables(
    now: Mapping[str, PublishedTable], before: Mapping[str, PublishedTable]
) -> dict[str, Compared]:
    """The tables that two releases both have, with the columns they share."""
    found = {}
    for name in TABLES:
        if name in now and name in before:
            there = {column for column, _ in before[name].record["columns"]}
            shared = [column for column, _ in now[name].record["columns"] if column in there]
            found[name] = Compared(now[name].path, before[name].path, shared)
    return found


def tables_of(lake: Lake, scope: Scope) -> set[tuple[str, str, str]]:
    """Everything a delivery version refers to, by its pointers or its release: layer, table, fingerprint. Of earlier editions
    only what was published: rows of people are not kept for them."""
    found = {(p["layer"], name, p["fingerprint"]) for name, p in lake.pointers(scope).items()}
    if scope in lake.released_versions(scope.feed, scope.period):
        found |= _tables_in(lake.release(scope))
    for edition in lake.editions(scope)[:-1]:
        found |= {entry for entry in _tables_in(lake.release(scope, edition)) if entry[0] in KEPT_LAYERS}
    return found


def _tables_in(record: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    found = {(entry["layer"], name, entry["fingerprint"]) for name, entry in record["tables"].items()}
    return found | {("reports", PUBLICATION, record.get("publication", ""))}


def forget_delivery(home: Home, scope: Scope) -> Forgotten:
    """Delete a delivery and every table with people or unprotected counts in it that no other delivery shares.

    Letters and lists of the audit team go too. What was published of it stays: released tables, reports and the ledger,
    since nobody can un-publish, and later releases must not give away what they hid.
    The joint deliveries it is part of go with it. DeliveryError when there is no such delivery.
    """
    forgotten = _forget_one(home, scope)
    for joint in joint_deliveries_with(home.landing, scope.feed, scope.period, scope.version):
        also = _forget_one(home, Scope(joint.feed, joint.period, joint.version))
        forgotten = replace(
            forgotten, files=forgotten.files + also.files, tables=forgotten.tables + also.tables
        )
    return forgotten


def was_forgotten(lake: Lake, scope: Scope) -> bool:
    """Whether somebody had a delivery deleted; else one that is not there has vanished."""
    return _mark_of_forgotten(lake, scope).is_file()


def _mark_of_forgotten(lake: Lake, scope: Scope) -> Path:
    return lake.root / "forgotten" / scope.folder.with_suffix(".json")


def refuse_unknown(home: Home, scope: Scope) -> None:
    """DeliveryError when neither files nor tables of a delivery are there."""
    places = (home.landing / scope.folder, home.lake / "deliveries" / scope.folder)
    if not any(place.exists() for place in places):
        raise DeliveryError(
            f"there is no delivery {scope.label}. What to do: naome release list, naome tables"
        )


def _forget_one(home: Home, scope: Scope) -> Forgotten:
    lake = Lake(home.lake)
    landing = home.landing / scope.feed / scope.period / f"v{scope.version:03d}"
    pointers = lake.root / "deliveries" / scope.folder
    refuse_unknown(home, scope)
    # Whoever finds tables without their delivery later has to know that it was meant so.
    write_atomically(_mark_of_forgotten(lake, scope), as_json({"forgotten": scope.label}))
    files = sum(1 for path in landing.rglob("*") if path.is_file())
    for folder in [landing, *landing.rglob("*")]:
        if folder.is_dir():
            folder.chmod(0o700)
    with lake.lock("publishing"):
        others: set[tuple[str, str, str]] = set()
        for other in {*lake.scopes(), *lake.all_releases()} - {scope}:
            others |= tables_of(lake, other)
        gone = [entry for entry in sorted(tables_of(lake, scope) - others) if entry[0] not in KEPT_LAYERS]
        shutil.rmtree(home.confidential / scope.folder, ignore_errors=True)
        # The delivery goes last: as long as it is there, forgetting it can be asked for again.
        for layer, name, fingerprint in gone:
            shutil.rmtree(lake.root / "data" / layer / name / fingerprint, ignore_errors=True)
        shutil.rmtree(pointers, ignore_errors=True)
        rebuild_views(lake)
        shutil.rmtree(landing, ignore_errors=True)
    return Forgotten(files, len(gone), "released tables, reports and the ledger of what was published")
