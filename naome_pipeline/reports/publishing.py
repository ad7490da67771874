"""Publishing a release: the record readers follow, the report files people open, the analysts' views.

What belongs here: the moment a completed refresh becomes visible. What does not: making any table or report.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from naome_pipeline import __version__
from naome_pipeline.build import Delivered
from naome_pipeline.disclosure.policy import policy_in_force
from naome_pipeline.engine import literal
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake, PublishedTable, Scope, as_json, file_sha256
from naome_pipeline.ledger import write_entry
from naome_pipeline.reports.release_index import MANIFEST_FILE, write_release_index

FILES_FOLDER = "files"
SUPERSEDED_FILE = "SUPERSEDED.txt"


def release_folder(home: Home, feed: str, period: str, version: int) -> Path:
    """Where the report files of a release are: `reports/<feed>/<period>/v001`."""
    return home.reports / feed / period / f"v{version:03d}"


def publish_release(
    publication: PublishedTable, delivered: Delivered, lake: Lake, home: Home, reports: Sequence[str]
) -> Path:
    """Copy the report files out, write the release record, index and ledger, rebuild the views; returns the reports folder.

    The files are complete in a hidden folder before it takes the place of an earlier copy of the same release.
    """
    scope = delivered.scope
    target = release_folder(home, scope.feed, scope.period, scope.version)
    previous = lake.previous_release(scope)
    about = {
        "feed": scope.feed,
        "period": scope.period,
        "version": scope.version,
        "snapshot_date": delivered.snapshot_date.isoformat(),
        "delivery_fingerprint": delivered.accepted.fingerprint,
        "pipeline_version": __version__,
        "disclosure_policy": policy_in_force().id,
        "compared_with": previous.label if previous else None,
        "revised_cells": int(lake.published(scope, "revisions").record["rows"]),
    }
    _replace_folder(target, [lake.published(scope, name).folder / FILES_FOLDER for name in reports], about)
    with duckdb.connect(":memory:") as connection:
        listed = connection.execute(
            f'SELECT layer, "table", fingerprint, sha256, rows FROM read_parquet({literal(publication.path)})'
        ).fetchall()
    tables = {
        name: {"layer": layer, "fingerprint": fingerprint, "sha256": sha256, "rows": rows}
        for layer, name, fingerprint, sha256, rows in listed
    }
    manifest = delivered.accepted.manifest
    lake.write_release(
        scope,
        {
            **about,
            "publication": publication.fingerprint,
            "files": [{"path": f.path, "sha256": f.sha256, "rows": f.rows} for f in manifest.files],
            "tables": tables,
        },
    )
    _mark_superseded(home, lake, scope)
    write_release_index(home.reports)
    write_entry(lake, scope, lake.published(scope, "released_indicators"))
    lake.rebuild_views()
    return target


def _write_release_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """What is in a report folder, with the hash of every file: `release.json`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = [
        {"path": p.relative_to(folder).as_posix(), "sha256": file_sha256(p), "bytes": p.stat().st_size}
        for p in files
    ]
    (folder / MANIFEST_FILE).write_text(as_json({**content, "files": listed}), encoding="utf-8")


def _mark_superseded(home: Home, lake: Lake, scope: Scope) -> None:
    """Leave a mark in the report folders of earlier versions of a period: which version took their place."""
    versions = lake.released_versions(scope.feed, scope.period)
    for earlier in versions[:-1]:
        folder = release_folder(home, earlier.feed, earlier.period, earlier.version)
        if folder.is_dir():
            text = f"This release was superseded by version {versions[-1].version} of {scope.period}. Do not quote it.\n"
            (folder / SUPERSEDED_FILE).write_text(text, encoding="utf-8")


def _replace_folder(target: Path, sources: Sequence[Path], about: Mapping[str, Any]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    fresh.mkdir()
    for source in sources:
        shutil.copytree(source, fresh, dirs_exist_ok=True)
    _write_release_manifest(fresh, about)
    old = target.with_name(f".{target.name}.old.{uuid.uuid4().hex}")
    if target.exists():
        target.replace(old)
    fresh.replace(target)
    shutil.rmtree(old, ignore_errors=True)
