"""Publishing a release: the record readers follow, the report files people open, the confidential ones, the analysts' views.

What belongs here: the moment a completed refresh becomes visible. What does not: making any table or report, but for the
pages that list them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from naome_pipeline import __version__
from naome_pipeline.build import Delivered
from naome_pipeline.deliveries.layouts import joint_feed_of
from naome_pipeline.disclosure.policy import policy_in_force
from naome_pipeline.disclosure.revisions import revisions_sql
from naome_pipeline.engine import literal, look_into_files
from naome_pipeline.home import OWNER_ONLY, Home
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.ledger import known_now, write_entry
from naome_pipeline.leftovers import exchange, held_folder, sync, work_beside, write_atomically
from naome_pipeline.reports.outputs import write_outputs_page
from naome_pipeline.reports.release_index import MANIFEST_FILE, write_release_index
from naome_pipeline.reports.released import RELEASED, ReleasedTables
from naome_pipeline.stored import NotPublished, PublishedTable, as_json
from naome_pipeline.tables import file_sha256
from naome_pipeline.views import rebuild_views

FILES_FOLDER = "files"
SUPERSEDED_FILE = "SUPERSEDED.txt"
RELEASED_INDICATORS = "released_indicators"
# Report folders are the only ones that others read.
READABLE = 0o755


def release_folder(home: Home, feed: str, period: str, version: int) -> Path:
    """Where the report files of a release are: `reports/<feed>/<period>/v001`."""
    return home.reports / feed / period / f"v{version:03d}"


def confidential_folder(home: Home, scope: Scope) -> Path:
    """Where the letters and lists of a release are: `confidential/<feed>/<period>/v001`."""
    return home.confidential / scope.folder


def publish_release(
    publication: PublishedTable,
    delivered: Delivered,
    lake: Lake,
    home: Home,
    reports: Sequence[str],
    confidential: Sequence[str],
) -> None:
    """Write the ledger, copy report files and confidential ones out, write release record and index, rebuild the views.

    One release is published at a time. The files are complete in a hidden folder before it takes the place of an
    earlier copy of the same release. A part of a joint feed has no outputs for people: its release is for those who
    read tables, and for the joint feed.
    """
    with lake.lock("publishing"):
        _refuse_overtaken(lake, delivered.scope, publication)
        about = _about(delivered, lake.edition_with(delivered.scope, _tables_of(publication)))
        if not joint_feed_of(delivered.scope.feed):
            about = _publish_reports(about, delivered, lake, home, (reports, confidential))
        _write_record(lake, publication, delivered, about)
        if not joint_feed_of(delivered.scope.feed):
            _mark_superseded(home, lake, delivered.scope)
            write_release_index(home.reports)
        rebuild_views(lake)


def _publish_reports(
    about: Mapping[str, Any],
    delivered: Delivered,
    lake: Lake,
    home: Home,
    outputs: tuple[Sequence[str], Sequence[str]],
) -> Mapping[str, Any]:
    """Write the ledger and copy report files and confidential ones out; what the record says of the release."""
    scope = delivered.scope
    reports, confidential = outputs
    target = release_folder(home, scope.feed, scope.period, scope.version)
    previous = lake.previous_release(scope)
    about = {
        **about,
        "numbers_changed_since_last_edition": _changed(lake, scope, int(about["edition"])),
        "disclosure_policy": policy_in_force().id,
        "compared_with": previous.label if previous else None,
        "revised_cells": int(lake.published(scope, "revisions").record["rows"]),
    }
    write_entry(lake, scope, lake.published(scope, RELEASED_INDICATORS))
    released = ReleasedTables({name: lake.published(scope, name).path for name in RELEASED})
    letters = _files_of(lake, scope, confidential)
    home.confidential.mkdir(mode=OWNER_ONLY, exist_ok=True)
    _replace_folder(confidential_folder(home, scope), letters, about, OWNER_ONLY)
    pages = _files_of(lake, scope, reports)
    _replace_folder(target, pages, about, READABLE, lambda folder: write_outputs_page(released, folder))
    return about


def _changed(lake: Lake, scope: Scope, edition: int) -> int | None:
    """How many published numbers of indicators differ from the edition before; None when there is none, when its data are gone,
    or when it was released under another disclosure policy: those are not compared."""
    if edition == 1:
        return None
    try:
        policy = lake.release(scope, edition - 1).get("disclosure_policy")
        before = lake.released(scope, RELEASED_INDICATORS, edition - 1).path
    except NotPublished:
        return None
    if policy != policy_in_force().id:
        return None
    now = lake.published(scope, RELEASED_INDICATORS).path
    with look_into_files() as connection:
        sql = f"SELECT COUNT(*) FROM ({revisions_sql(now, before, same_period=True)})"
        counted = connection.execute(sql).fetchone()
    return int(counted[0]) if counted else None


def _files_of(lake: Lake, scope: Scope, names: Sequence[str]) -> list[Path]:
    return [lake.published(scope, name).folder / FILES_FOLDER for name in names]


def _about(delivered: Delivered, edition: int) -> dict[str, Any]:
    scope = delivered.scope
    return {
        "feed": scope.feed,
        "period": scope.period,
        "version": scope.version,
        "edition": edition,
        "snapshot_date": delivered.snapshot_date.isoformat(),
        "delivery_fingerprint": delivered.accepted.fingerprint,
        "pipeline_version": __version__,
    }


def _write_record(
    lake: Lake, publication: PublishedTable, delivered: Delivered, about: Mapping[str, Any]
) -> None:
    """The release record that readers of tables follow: its tables with their hashes, the files they came from."""
    tables = _tables_of(publication)
    files = [
        {"path": f.path, "sha256": f.sha256, "rows": f.rows} for f in delivered.accepted.manifest.sources
    ]
    lake.write_release(
        delivered.scope, {**about, "publication": publication.fingerprint, "files": files, "tables": tables}
    )


def _tables_of(publication: PublishedTable) -> dict[str, dict[str, Any]]:
    with look_into_files() as connection:
        listed = connection.execute(
            f'SELECT layer, "table", fingerprint, sha256, rows FROM read_parquet({literal(publication.path)})'
        ).fetchall()
    return {
        name: {"layer": layer, "fingerprint": fingerprint, "sha256": sha256, "rows": rows}
        for layer, name, fingerprint, sha256, rows in listed
    }


def _refuse_overtaken(lake: Lake, scope: Scope, publication: PublishedTable) -> None:
    """Refuse to publish when another release of the feed came out while this one was being made: its gates, or its
    revisions, would have compared it with the wrong one, and what the other shows would not have been considered in what
    this one hides."""
    if not (
        _judged_now(lake, scope, publication) and (joint_feed_of(scope.feed) or _revised_now(lake, scope))
    ):
        raise NotPublished(
            f"another release of {scope.feed} was published while {scope.label} was being made, so it is not "
            "published: it has to be compared with that one. Nothing was changed. What to do: run: naome refresh "
            f"--feed {scope.feed} --period {scope.period}"
        )


def _judged_now(lake: Lake, scope: Scope, publication: PublishedTable) -> bool:
    """Whether every table passed a gate that compared it with what it has to be compared with now."""
    pointers = lake.pointers(scope)
    for name in pointers.keys() & _tables_of(publication):
        before = lake.before(scope, name, pointers[name]["fingerprint"])
        label = before.scope.label if before else None
        if (
            pointers[name].get("compared_with", label) != label
        ):  # a pointer of an earlier version does not say it
            return False
    return True


def _revised_now(lake: Lake, scope: Scope) -> bool:
    """Whether what is shown took account of the release before and of everything that is public."""
    compared, known = (lake.published(scope, name).record for name in ("provenance", "released_indicators"))
    if "taken" not in compared or "taken" not in known:
        return True  # made before records said what was taken from elsewhere
    previous = lake.previous_release(scope)
    label = previous.label if previous else "no earlier release"
    same_known = known["taken"]["published before"] == known_now(lake, scope, known)
    return same_known and compared["taken"]["compared with"] == label


def _write_release_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """What is in a report folder, with the hash of every file: `release.json`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = [
        {"path": p.relative_to(folder).as_posix(), "sha256": file_sha256(p), "bytes": p.stat().st_size}
        for p in files
    ]
    (folder / MANIFEST_FILE).write_text(as_json({**content, "files": listed}), encoding="utf-8")


def _mark_superseded(home: Home, lake: Lake, scope: Scope) -> None:
    """Leave a mark in the folders of earlier versions of a period: which version took their place."""
    versions = lake.released_versions(scope.feed, scope.period)
    text = (
        f"This release was superseded by version {versions[-1].version} of {scope.period}. Do not quote it.\n"
    )
    for earlier in versions[:-1]:
        reports = release_folder(home, earlier.feed, earlier.period, earlier.version)
        for folder in (reports, confidential_folder(home, earlier)):
            if folder.is_dir():
                write_atomically(folder / SUPERSEDED_FILE, text)


def _replace_folder(
    target: Path,
    sources: Sequence[Path],
    about: Mapping[str, Any],
    mode: int,
    add: Callable[[Path], None] = lambda folder: None,
) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with held_folder(lambda: work_beside(target), mode) as fresh:
        for source in sources:
            shutil.copytree(source, fresh, dirs_exist_ok=True)
        fresh.chmod(mode)  # copying a folder copies its permissions
        add(fresh)
        _write_release_manifest(fresh, about)
        for path in fresh.rglob("*"):
            sync(path)
        exchange(fresh, target)
        sync(target.parent)
