"""Data by fingerprint: what a table holds, under the fingerprint of everything it was made from.

    data/<layer>/<table>/<fingerprint>/   table.parquet (or pieces), quarantine.parquet (sources), record.json: immutable;
                                          audits/: results of the gates these data passed
    staging/                              work of running steps
    locks/                                one file per kind of work that only one process may do

What belongs here: staging, storing and finding data, and noticing damage. What does not: which delivery or release data are a
table of (`lake.py`).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naome_pipeline.leftovers import held_folder, locked, sync, write_atomically
from naome_pipeline.tables import file_sha256, table_path

QUARANTINE_FILE = "quarantine.parquet"
RECORD_FILE = "record.json"


class NotPublished(LookupError):
    """A table that is asked for has no published version; the message says what to do."""


class Damaged(NotPublished):
    """A file of the lake is not what was stored; the message says which table and what to do."""


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


class Store:
    """The data of one home, each under its fingerprint."""

    def __init__(self, root: Path) -> None:
        self.root = root

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
