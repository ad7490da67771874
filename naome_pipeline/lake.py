"""The lake: where tables live, how they appear there, and how they are read.

    data/<layer>/<table>/<fingerprint>/   table.parquet (or pieces), quarantine.parquet (sources), record.json: immutable;
                                          audits/: results of the gates these data passed
    deliveries/<feed>/<period>/v001/      <table>.json: which data a delivery's table is; <table>.failed.json
    releases/<feed>/<period>/v001.json    the tables of one completed refresh, whole
    staging/                              work of running steps
    locks/                                one file per kind of work that only one process may do
    naome.duckdb                          read-only views of all current tables, rebuilt last

What belongs here: staging, publishing and finding tables. What does not: what a table holds (`cohort/`,
`indicators/`) or whether it is good enough (`gates.py`).

A table is addressed by the fingerprint of everything it was made from, so equal inputs and equal code give the
same folder, nothing is made twice, and a pointer moves by one atomic rename. A release is written only when
a refresh has completed; readers follow it, so they never see half of a delivery.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from naome_pipeline.engine import literal, quoted, run
from naome_pipeline.home import Home
from naome_pipeline.leftovers import held_folder, locked, sync, write_atomically
from naome_pipeline.periods import parse_period
from naome_pipeline.tables import file_sha256, table_path

QUARANTINE_FILE = "quarantine.parquet"
RECORD_FILE = "record.json"
VIEWS_FILE = "naome.duckdb"
# The table of a release that lists its tables; it cannot list itself.
PUBLICATION = "publication"


class NotPublished(LookupError):
    """A table that is asked for has no published version; the message says what to do."""


class Damaged(NotPublished):
    """A file of the lake is not what was stored; the message says which table and what to do."""


@dataclass(frozen=True, order=True)
class Scope:
    """One version of one delivery: what a run works on."""

    feed: str
    period: str
    version: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "period", parse_period(self.feed, self.period).code)

    @property
    def label(self) -> str:
        """`england_quarterly 2025Q3 version 1`."""
        return f"{self.feed} {self.period} version {self.version}"

    @property
    def folder(self) -> Path:
        """Relative folder of this scope."""
        return Path(self.feed) / self.period / f"v{self.version:03d}"


@dataclass(frozen=True)
class Before:
    """What a table is compared with: a release, and the rows of the table in it."""

    scope: Scope
    rows: int


@dataclass(frozen=True)
class PublishedTable:
    """A table that passed its gate."""

    name: str
    fingerprint: str
    folder: Path
    record: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """The Parquet file, or the pattern of the pieces of a large table (`tables.py`)."""
        return table_path(self.folder)

    @property
    def quarantine_path(self) -> Path:
        """The Parquet file of unusable rows (sources only)."""
        return self.folder / QUARANTINE_FILE


def fingerprint_of(content: Mapping[str, Any]) -> str:
    """The fingerprint of a JSON-like description: the first 32 hex digits of its SHA-256."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32]


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file of the lake; Damaged when it is not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Damaged(
            f"{path} is damaged: it is not a JSON object. What to do: run naome refresh for that period, which writes "
            "it again; naome doctor says whether more is damaged"
        )
    return content


def as_json(content: Mapping[str, Any]) -> str:
    """Stable, readable JSON."""
    return json.dumps(content, indent=2, sort_keys=True, default=str) + "\n"


def damage_of(table: PublishedTable, *, read: bool = True) -> str | None:
    """What is wrong with the files of a table, in words, or None. `read`: hash them too, not only their sizes."""
    for name, entry in table.record.get("files", {}).items():
        path = table.folder / name
        if not path.is_file():
            return f"{name} is missing"
        if (size := path.stat().st_size) != entry["bytes"]:
            return f"{name} has {size} bytes, it was stored with {entry['bytes']}"
        if read and file_sha256(path) != entry["sha256"]:
            return f"{name} has other content than it was stored with (SHA-256 differs)"
    return None


def _damage_message(name: str, damage: str) -> str:
    return (
        f"table '{name}' is damaged in the lake: {damage}. What to do: run naome refresh, which makes it again from "
        "the delivery; naome doctor says whether more is damaged. If it comes back, have the disk examined"
    )


class Lake:
    """The tables of one home."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def open(cls, home: str | Path | None = None) -> Lake:
        """The lake of a home folder (default `$NAOME_HOME`, else `.naome`)."""
        return cls(Home.locate(home).lake)

    # Writing -------------------------------------------------------------------------------------

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A fresh folder for one step's work, removed afterwards; if the process is killed, by the next refresh."""
        with held_folder(lambda: self.root / "staging" / uuid.uuid4().hex) as folder:
            yield folder

    def lock(self, name: str, waiting: Callable[[], None] | None = None) -> AbstractContextManager[None]:
        """Let one process at a time do something; `waiting` is called once when another one is at it."""
        return locked(self.root / "locks" / f"{name}.lock", waiting)

    def find(self, layer: str, name: str, fingerprint: str) -> PublishedTable | None:
        """The data of a fingerprint, if they have been made before; Damaged when they are not what was stored.

        Only presence and size of the files are looked at: `find_whole` reads them.
        """
        table = self._stored(layer, name, fingerprint)
        if table is not None and (damage := damage_of(table, read=False)):
            raise Damaged(_damage_message(name, damage))
        return table

    def find_whole(self, layer: str, name: str, fingerprint: str) -> PublishedTable | None:
        """The data of a fingerprint if every file still has its hash. Damaged data are removed, to be made again."""
        try:
            table = self._stored(layer, name, fingerprint)
            if table is None or damage_of(table) is None:
                return table
        except Damaged:
            pass
        folder = self.root / "data" / layer / name / fingerprint
        with self.staging() as away:
            folder.rename(away / fingerprint)
        return None

    def store(
        self,
        layer: str,
        name: str,
        fingerprint: str,
        staged: Path,
        record: Mapping[str, Any],
        hashes: Mapping[str, str] | None = None,
    ) -> PublishedTable:
        """Move a staged folder to its place; the record is written first, the rename makes it real.

        The record gets the size and hash of every file, so that damage is noticed later; `hashes`: those known already.
        """
        folder = self.root / "data" / layer / name / fingerprint
        folder.parent.mkdir(parents=True, exist_ok=True)
        content = [path for path in sorted(staged.rglob("*")) if path.is_file()]
        files = {
            path.relative_to(staged).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": (hashes or {}).get(path.name) or file_sha256(path),
            }
            for path in content
        }
        (staged / RECORD_FILE).write_text(as_json({**record, "files": files}), encoding="utf-8")
        for path in (*content, staged / RECORD_FILE, staged):
            sync(path)
        try:
            staged.rename(folder)
        except OSError:
            if not (folder / RECORD_FILE).is_file():
                raise
        sync(folder.parent)
        stored = self._stored(layer, name, fingerprint)
        if stored is None:
            raise Damaged(_damage_message(name, "it was removed while it was being stored"))
        return stored

    def _stored(self, layer: str, name: str, fingerprint: str) -> PublishedTable | None:
        folder = self.root / "data" / layer / name / fingerprint
        if not folder.is_dir():
            return None
        try:
            record = read_json(folder / RECORD_FILE)
        except (OSError, Damaged):
            raise Damaged(_damage_message(name, f"{RECORD_FILE} cannot be read")) from None
        return PublishedTable(name, fingerprint, folder, record)

    def find_audit(self, table: PublishedTable, key: str) -> list[dict[str, Any]] | None:
        """The results of a gate that these data passed before, by the gate's own fingerprint."""
        path = table.folder / "audits" / f"{key}.json"
        try:
            return read_json(path)["results"] if path.is_file() else None
        except (Damaged, KeyError):
            return None  # the gate judges again

    def store_audit(self, table: PublishedTable, key: str, results: list[dict[str, Any]]) -> None:
        """Keep the results of a gate beside the data it judged."""
        write_atomically(table.folder / "audits" / f"{key}.json", as_json({"results": results}))

    def publish(
        self, scope: Scope, layer: str, table: PublishedTable, audit: str, before: Before | None
    ) -> None:
        """Point a delivery's table at data that passed their gate, which compared them with those `before`."""
        pointer = {
            "layer": layer,
            "table": table.name,
            "fingerprint": table.fingerprint,
            "audit": audit,
            "compared_with": before.scope.label if before else None,
        }
        write_atomically(self._pointer(scope, table.name), as_json(pointer))
        self._failure(scope, table.name).unlink(missing_ok=True)

    def record_failure(self, scope: Scope, name: str, message: str) -> None:
        """Remember why a table of a delivery was not published, for whoever asks for it later."""
        self._pointer(scope, name).unlink(missing_ok=True)
        write_atomically(self._failure(scope, name), as_json({"table": name, "message": message}))

    def write_release(self, scope: Scope, content: Mapping[str, Any]) -> Path:
        """Make a completed refresh the release of its delivery version."""
        path = self._release(scope)
        write_atomically(path, as_json(content))
        return path

    # Reading -------------------------------------------------------------------------------------

    def published(self, scope: Scope, name: str) -> PublishedTable:
        """A table of one delivery version; NotPublished says what to do when there is none."""
        pointer = self._pointer(scope, name)
        if pointer.is_file():
            content = read_json(pointer)
            table = self.find(content["layer"], name, content["fingerprint"])
            if table is not None:
                return table
        failure = self._failure(scope, name)
        why = read_json(failure)["message"] if failure.is_file() else "it has not been made yet"
        earlier = self.current_release(scope.feed, scope.period)
        kept = f" The earlier release ({earlier.label}) is unchanged and still readable." if earlier else ""
        raise NotPublished(
            f"table '{name}' of {scope.label} has no published version: {why}.{kept} What to do: correct the "
            f"cause, then run: naome refresh --feed {scope.feed} --period {scope.period}"
        )

    def released_versions(self, feed: str, period: str) -> list[Scope]:
        """Delivery versions of a period whose refresh completed, oldest first."""
        folder = self.root / "releases" / feed / parse_period(feed, period).code
        return sorted(Scope(feed, period, int(path.stem[1:])) for path in folder.glob("v[0-9]*.json"))

    def all_releases(self) -> list[Scope]:
        """Every delivery version whose refresh completed, of all feeds and periods."""
        found = (self.root / "releases").glob("*/*/v[0-9]*.json")
        return sorted(Scope(p.parent.parent.name, p.parent.name, int(p.stem[1:])) for p in found)

    def current_release(self, feed: str, period: str) -> Scope | None:
        """The newest delivery version of a period whose refresh completed."""
        versions = self.released_versions(feed, period)
        return versions[-1] if versions else None

    def previous_release(self, scope: Scope, *, look_back: int = 8) -> Scope | None:
        """What was published before: an earlier version of the same period, else the newest of the period before.

        It depends on the delivery, not on the clock, so a refresh made again compares with the same release.
        """
        same = [s for s in self.released_versions(scope.feed, scope.period) if s.version < scope.version]
        if same:
            return same[-1]
        period = parse_period(scope.feed, scope.period)
        for steps in range(1, look_back + 1):
            if earlier := self.current_release(scope.feed, period.shift(-steps).code):
                return earlier
        return None

    def before(self, scope: Scope, name: str, fingerprint: str) -> Before | None:
        """What a gate compares a table with: the last release before `scope` in which it had other data; None if there is none.

        Compared with themselves, data cannot have become fewer; and data that the release before has too need not be judged
        again.
        """
        previous = self.previous_release(scope)
        while previous is not None:
            entry = self.release(previous)["tables"].get(name)
            if entry is None:
                return None
            if entry["fingerprint"] != fingerprint:
                return Before(previous, int(entry["rows"]))
            previous = self.previous_release(previous)
        return None

    def release(self, scope: Scope) -> dict[str, Any]:
        """The record of a completed refresh."""
        path = self._release(scope)
        if not path.is_file():
            raise NotPublished(
                f"{scope.label} has no completed refresh. What to do: run: naome refresh --feed {scope.feed} "
                f"--period {scope.period}"
            )
        return read_json(path)

    def released(self, scope: Scope, name: str) -> PublishedTable:
        """A table exactly as a release has it."""
        tables = self.release(scope)["tables"]
        if name not in tables:
            raise NotPublished(f"{scope.label} has no table '{name}'; it has: {', '.join(sorted(tables))}")
        entry = tables[name]
        table = self.find(entry["layer"], name, entry["fingerprint"])
        if table is None:
            raise NotPublished(
                f"the data of table '{name}' of {scope.label} are missing from the lake. What to do: run: naome "
                f"refresh --feed {scope.feed} --period {scope.period}"
            )
        return table

    def readable(self, scope: Scope, name: str) -> PublishedTable:
        """A table as readers see it: exactly as the release has it, or as published while there is no release.

        A refresh that is running, or that failed, moves the pointers of a delivery one by one; readers of its release
        must not see that.
        """
        if not self._release(scope).is_file():
            return self.published(scope, name)
        record = self.release(scope)
        if name == PUBLICATION and (found := self.find("reports", name, record.get("publication", ""))):
            return found
        return self.released(scope, name)

    def readable_names(self, scope: Scope) -> dict[str, str]:
        """The tables readers of a delivery version have: name to layer."""
        if not self._release(scope).is_file():
            return self.published_names(scope)
        record = self.release(scope)
        tables = record["tables"] | {
            PUBLICATION: {"layer": "reports", "fingerprint": record.get("publication", "")}
        }
        # A forgotten delivery has a release without its row-level tables.
        kept = {
            name: entry["layer"]
            for name, entry in tables.items()
            if (self.root / "data" / entry["layer"] / name / entry["fingerprint"] / RECORD_FILE).is_file()
        }
        return dict(sorted(kept.items()))

    def reading_scope(self, feed: str, period: str) -> Scope:
        """The delivery version readers see: the newest with a completed refresh, else the newest with any table."""
        if current := self.current_release(feed, period):
            return current
        folder = self.root / "deliveries" / feed / parse_period(feed, period).code
        versions = sorted(int(p.name[1:]) for p in folder.glob("v[0-9]*") if any(p.glob("[!.]*.json")))
        if not versions:
            raise NotPublished(
                f"there are no tables of {feed} {period} yet. What to do: naome receive DIR, then naome refresh "
                f"--feed {feed} --period {period}"
            )
        return Scope(feed, period, versions[-1])

    def scan(self, name: str, *, feed: str, period: str) -> Path:
        """The Parquet file of a table, of the delivery version readers see."""
        return self.readable(self.reading_scope(feed, period), name).path

    def frame(self, name: str, *, feed: str, period: str) -> pd.DataFrame:
        """A table as a pandas frame: `Lake.open().frame("people", feed="england_quarterly", period="2025Q3")`."""
        with duckdb.connect(":memory:") as connection:
            path = self.scan(name, feed=feed, period=period)
            return connection.execute(f"SELECT * FROM read_parquet({literal(path)})").fetchdf()

    def published_names(self, scope: Scope) -> dict[str, str]:
        """The tables published for a delivery version: name to layer."""
        return {name: pointer["layer"] for name, pointer in self.pointers(scope).items()}

    def pointers(self, scope: Scope) -> dict[str, dict[str, Any]]:
        """What is published for a delivery version: table to layer, fingerprint, audit, and the release that its gate
        compared it with."""
        found = {}
        for path in sorted((self.root / "deliveries" / scope.folder).glob("[!.]*.json")):
            if not path.name.endswith(".failed.json"):
                # A gate that fails at this moment takes the pointer away.
                with suppress(FileNotFoundError):
                    found[path.stem] = read_json(path)
        return found

    def scopes(self) -> list[Scope]:
        """Every delivery version that has any table."""
        found = {p.parent for p in (self.root / "deliveries").glob("*/*/v[0-9]*/[!.]*.json")}
        return sorted(Scope(p.parent.parent.name, p.parent.name, int(p.name[1:])) for p in found)

    def rebuild_views(self) -> Path:
        """Rebuild the analysts' DuckDB file: a schema per feed and period, a view per table readers have."""
        path = self.root / VIEWS_FILE
        with self.staging() as folder:
            fresh = folder / VIEWS_FILE
            with duckdb.connect(str(fresh)) as connection:
                for feed, period in sorted({(s.feed, s.period) for s in self.scopes()}):
                    schema = quoted(f"{feed}_{period}".lower())
                    run(connection, f"CREATE SCHEMA {schema}")
                    scope = self.reading_scope(feed, period)
                    for name in self.readable_names(scope):
                        # A damaged table of another period is no reason to fail this one; `naome doctor` names it.
                        with suppress(NotPublished):
                            source = literal(self.readable(scope, name).path)
                            run(
                                connection,
                                f"CREATE VIEW {schema}.{quoted(name)} AS SELECT * FROM read_parquet({source})",
                            )
            fresh.replace(path)
        return path

    def _pointer(self, scope: Scope, name: str) -> Path:
        return self.root / "deliveries" / scope.folder / f"{name}.json"

    def _failure(self, scope: Scope, name: str) -> Path:
        return self.root / "deliveries" / scope.folder / f"{name}.failed.json"

    def _release(self, scope: Scope) -> Path:
        return (self.root / "releases" / scope.folder).with_suffix(".json")
