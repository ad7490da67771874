"""The doctor: what is wrong with a home, where, what to do about it; repairs what is safe.

What belongs here: checks that change nothing, and the few repairs that cannot lose anything. What does not: making tables
(a refresh does) or deciding whether a delivery is acceptable (`deliveries/checking.py`).

Safe to repair: work of processes that are gone, data that no delivery and no release refers to, permissions.
Everything else is said, with what to do: a refresh makes damaged tables again, and only people can bring back a file of a
delivery or take a publication back.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from naome_pipeline.alerts import ALERTS_FILE, channels, unsent
from naome_pipeline.configuration import ConfigurationError
from naome_pipeline.damage import damage_of_release, damage_of_reports, damage_of_views
from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.layouts import feeds
from naome_pipeline.deliveries.manifest import MANIFEST_FILE, read_manifest
from naome_pipeline.errors import Refused
from naome_pipeline.home import OWNER_ONLY, Home
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.ledger import entries, missing
from naome_pipeline.leftovers import find_leftovers, remove_leftovers
from naome_pipeline.publishing import SUPERSEDED_FILE, confidential_folder, release_folder
from naome_pipeline.releases import KEPT_LAYERS, tables_of, was_forgotten
from naome_pipeline.reports.release_index import INDEX_FILE
from naome_pipeline.reports.release_index import MANIFEST_FILE as RELEASE_FILE
from naome_pipeline.stored import RECORD_FILE, Damaged, NotPublished, damage_of, read_json
from naome_pipeline.tables import file_sha256
from naome_pipeline.views import VIEWS_FILE, rebuild_views

# A refresh writes about as much as the delivery holds, and spills as much again in its largest step.
FREE_DISK = 5 * 1024**3
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: where, what, what to do, and how to repair it where that is safe.

    Not `wrong` is what is only to know: it can stay as it is.
    """

    where: str
    what: str
    advice: str
    repair: Callable[[], None] | None = None
    wrong: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. What to do: {self.advice}"


def examine(home: Home) -> list[Finding]:
    """Everything that is wrong with a home; nothing is changed."""
    if not home.lake.is_dir():
        return [Finding(str(home.root), "there is no lake here", "name the folder with --home or NAOME_HOME")]
    lake = Lake(home.lake)
    return [
        *_disk(home),
        *_permissions(home),
        *_alerts(home),
        *_leftovers(home),
        *_deliveries(home),
        *_pointers(home, lake),
        *_releases(home, lake),
        *_records_gone(home, lake),
        *_strangers(home),
        *_ledger(home, lake),
        *_data(home, lake),
        *_views(home, lake),
    ]


def repair(home: Home) -> list[Finding]:
    """Repair what is safe, while no refresh from the command line runs; returns what was repaired."""
    lake = Lake(home.lake)
    with ExitStack() as locks:
        for feed in sorted(path.name for path in home.landing.glob("[!.]*") if path.is_dir()):
            locks.enter_context(lake.lock(f"refresh_{feed}"))
        safe = [finding for finding in examine(home) if finding.repair is not None]
        for finding in safe:
            if finding.repair is not None:
                finding.repair()
    return safe


def _disk(home: Home) -> Iterator[Finding]:
    free = shutil.disk_usage(home.root).free
    if free < FREE_DISK:
        yield Finding(
            str(home.root),
            f"{free / 1024**3:.1f} GB are free, a refresh of a national delivery needs {FREE_DISK / 1024**3:.0f} GB or more",
            "make space, or forget deliveries that are no longer needed: naome forget",
        )


def _permissions(home: Home) -> Iterator[Finding]:
    """The gates of the home are its private folders: nobody gets past one that is the owner's only."""
    for folder in home.private:
        if folder.is_dir() and folder.stat().st_mode & _OTHERS:
            yield Finding(
                str(folder),
                "others than its owner may enter it, and what it holds is not for them",
                "naome doctor --repair; then ask who opened it and since when",
                lambda folder=folder: folder.chmod(OWNER_ONLY),
            )


def _alerts(home: Home) -> Iterator[Finding]:
    try:
        channels(home)
    except ConfigurationError as problem:
        what, _, advice = str(problem).partition(". What to do: ")
        yield Finding(str(home.root / ALERTS_FILE), f"nobody can be told of a failure: {what}", advice)
    for path, kept in unsent(home).items():
        yield Finding(
            str(path),
            f"an alert of {kept.since:%d %B %Y} could not be sent: {kept.alert.subject}",
            "naome alert says whether alerts arrive now; the daemon tries again every few minutes, for a week",
        )


def _leftovers(home: Home) -> Iterator[Finding]:
    for path in find_leftovers(home):
        yield Finding(
            str(path),
            "unfinished work of a process that is gone",
            "naome doctor --repair, or the next refresh removes it",
            lambda: _drop(remove_leftovers(home)),
        )


def _drop(_: object) -> None:
    """A repair gives nothing back."""


def _deliveries(home: Home) -> Iterator[Finding]:
    for folder in sorted(home.landing.glob("*/*/v[0-9]*")):
        try:
            manifest = read_manifest(folder)
        except DeliveryError as problem:
            yield Finding(
                str(folder),
                str(problem),
                f"put the accepted {MANIFEST_FILE} back from a backup, or forget it",
            )
            continue
        here = (manifest.feed, manifest.period, f"v{manifest.version:03d}")
        if here != folder.parts[-3:]:
            yield Finding(
                str(folder),
                f"its manifest says it is {' '.join(here)}",
                "somebody moved or edited it: put the accepted delivery back from a backup",
            )
        for file in manifest.files:
            path = folder / file.path
            if not path.is_file():
                wrong = "is missing"
            elif file_sha256(path) != file.sha256:
                wrong = "is not what was accepted (SHA-256 differs)"
            else:
                continue
            yield Finding(
                str(path),
                f"{file.path} {wrong}",
                "put the accepted file back from a backup, or receive the delivery again under a higher version",
            )


def _pointers(home: Home, lake: Lake) -> Iterator[Finding]:
    for path in sorted((home.lake / "deliveries").glob("*/*/v[0-9]*/[!.]*.json")):
        feed, period = path.parts[-4], path.parts[-3]
        again = f"naome refresh --feed {feed} --period {period}"
        try:
            content = read_json(path)
            if path.name.endswith(".failed.json"):
                continue
            table = lake.find(content["layer"], path.stem, content["fingerprint"])
        except (NotPublished, KeyError):
            yield Finding(str(path), "it or the table it points to cannot be read", again)
            continue
        if table is None:
            yield Finding(str(path), "it points to data that are not in the lake", again)


def _releases(home: Home, lake: Lake) -> Iterator[Finding]:
    for scope in lake.all_releases():
        again = f"naome refresh --feed {scope.feed} --period {scope.period}"
        where = str(home.lake / "releases" / scope.folder.with_suffix(".json"))
        try:
            lake.release(scope)
            received = (home.landing / scope.folder).is_dir()
            # Of a forgotten delivery, what was published stays and the row-level tables do not.
            wrong = damage_of_release(home, lake, scope) if received else damage_of_reports(home, scope)
        except (Damaged, KeyError, TypeError):
            yield Finding(where, "the release record cannot be read", again)
            continue
        for edition in lake.editions(scope)[:-1]:
            try:
                lake.release(scope, edition)
            except Damaged:
                yield Finding(
                    where, f"the record of its edition {edition} cannot be read", "restore it from a backup"
                )
        for sentence in wrong:
            newest = lake.current_release(scope.feed, scope.period) == scope
            yield Finding(where, sentence, again if newest else "restore it from a backup: it was superseded")
        yield from _row_level_of_forgotten(home, lake, scope, received)
        yield from _superseded(home, lake, scope)


def _records_gone(home: Home, lake: Lake) -> Iterator[Finding]:
    """Releases whose record is gone, although the ledger or the report folder proves that they were published."""
    proofs = dict.fromkeys(_scopes_of_reports(home), "its report folder is there")
    for folder in sorted((home.lake / "ledger").glob("[!.]*")):
        with suppress(Damaged, KeyError):  # what is wrong with the ledger is said by itself
            proofs |= {entry.scope: "the ledger has what it shows" for entry in entries(lake, folder.name)}
    known = set(lake.all_releases())
    for scope, proof in sorted(proofs.items()):
        if scope not in known:
            yield Finding(
                str(home.lake / "releases" / scope.folder.with_suffix(".json")),
                f"the record of {scope.label} is missing, and {proof}",
                f"restore it from a backup; of the newest delivery: naome refresh --feed {scope.feed} --period {scope.period}",
            )


def _scopes_of_reports(home: Home) -> Iterator[Scope]:
    for path in sorted(home.reports.glob(f"[!.]*/[!.]*/v[0-9]*/{RELEASE_FILE}")):
        feed, period, version = path.parts[-4:-1]
        if feed in feeds() and version[1:].isdecimal():
            with suppress(Refused):  # its name is no period
                yield Scope(feed, period, int(version[1:]))


def _strangers(home: Home) -> Iterator[Finding]:
    """The reports folder is the only one that others read: nothing lies there that was not published."""
    for path in sorted(home.reports.glob("[!.]*")):
        if path.name not in (INDEX_FILE, *feeds()):
            yield Finding(
                str(path),
                "it was not published, and others read this folder",
                "see what it holds and move it away",
            )


def _row_level_of_forgotten(home: Home, lake: Lake, scope: Scope, received: bool) -> Iterator[Finding]:
    if received:
        return
    if not was_forgotten(lake, scope):
        yield Finding(
            str(home.landing / scope.folder),
            f"the delivery of {scope.label} is not there, and nobody had it forgotten",
            "see whether the disk of landing/ is mounted, or bring it back from a backup; its tables are kept",
        )
        return
    others: set[tuple[str, str, str]] = set()
    for other in {*lake.scopes(), *lake.all_releases()}:
        if other != scope and (home.landing / other.folder).is_dir():
            others |= tables_of(lake, other)
    for layer, name, fingerprint in sorted(tables_of(lake, scope) - others):
        folder = home.lake / "data" / layer / name / fingerprint
        if layer not in KEPT_LAYERS and folder.is_dir():
            yield Finding(
                str(folder),
                f"a row-level table of {scope.label}, whose delivery is gone",
                "naome doctor --repair deletes it",
                lambda folder=folder: shutil.rmtree(folder),
            )


def _superseded(home: Home, lake: Lake, scope: Scope) -> Iterator[Finding]:
    newest = lake.current_release(scope.feed, scope.period)
    reports = release_folder(home, scope.feed, scope.period, scope.version)
    for folder in (reports, confidential_folder(home, scope)):
        marked = (folder / SUPERSEDED_FILE).is_file()
        if newest is not None and folder.is_dir() and marked != (newest != scope):
            what = (
                "is the newest release and marked as superseded"
                if marked
                else "was superseded without a mark"
            )
            again = f"naome refresh --feed {scope.feed} --period {scope.period}"
            yield Finding(str(folder), f"{scope.label} {what}", again)


def _ledger(home: Home, lake: Lake) -> Iterator[Finding]:
    advice = "restore it from a backup before the next refresh: what was published must stay known"
    for feed in sorted({scope.feed for scope in lake.all_releases()}):
        with suppress(Damaged, KeyError):  # said of the file itself
            for scope in missing(lake, feed):
                where = str(home.lake / "ledger" / feed)
                yield Finding(where, f"{scope.label} was published and is not in the ledger", advice)
    for path in sorted((home.lake / "ledger").glob("*/[0-9]*.json")):
        shown = path.with_suffix(".parquet")
        try:
            expected = read_json(path)["sha256"]
        except (Damaged, KeyError):
            yield Finding(str(path), "the entry cannot be read", advice)
            continue
        if not shown.is_file():
            yield Finding(str(shown), "the published cells are missing", advice)
        elif file_sha256(shown) != expected:
            yield Finding(str(shown), "the published cells were changed", advice)
    for shown in sorted((home.lake / "ledger").glob("*/[0-9]*.parquet")):
        if not shown.with_suffix(".json").is_file():
            yield Finding(
                str(shown),
                "cells of a publication that was not finished",
                "naome doctor --repair, while no refresh is running",
                lambda shown=shown: shown.unlink(missing_ok=True),
            )


def _data(home: Home, lake: Lake) -> Iterator[Finding]:
    try:
        used: set[tuple[str, str, str]] = set()
        for scope in {*lake.scopes(), *lake.all_releases()}:
            used |= tables_of(lake, scope)
    except (Damaged, KeyError):
        used = set()  # somebody's references cannot be read: then nothing is an orphan
    unused: list[Path] = []
    for folder in sorted((home.lake / "data").glob("*/*/*")):
        layer, name, fingerprint = folder.parts[-3:]
        if used and (layer, name, fingerprint) not in used:
            unused.append(folder)
            continue
        try:
            table = lake.find(layer, name, fingerprint)
            wrong = damage_of(table) if table is not None else f"{RECORD_FILE} is missing"
        except NotPublished as problem:
            wrong = str(problem)
        if wrong:
            yield Finding(str(folder), wrong, "naome refresh of the period makes it again")
    if unused:
        yield Finding(
            str(home.lake / "data"),
            f"no delivery and no release refers to {len(unused)} tables here, as after a refresh with other code",
            "naome doctor --repair, while no refresh is running, or leave them: they only take space",
            lambda: _remove(unused),
            wrong=False,
        )


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder)


def _views(home: Home, lake: Lake) -> Iterator[Finding]:
    path = home.lake / VIEWS_FILE
    if lake.all_releases() and (wrong := damage_of_views(path)):
        yield Finding(
            str(path),
            wrong,
            "naome doctor --repair makes it again",
            lambda: _drop(rebuild_views(lake)),
        )
