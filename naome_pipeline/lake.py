"""The lake: what is published for each delivery, and what was released.

    deliveries/<feed>/<period>/v001/      <table>.json: which data a delivery's table is; <table>.failed.json
    releases/<feed>/<period>/v001.json    the tables of one completed refresh, whole
    releases/<feed>/<period>/v001/        edition_0001.json: what the same delivery was released with before

What belongs here: pointers from deliveries and releases to data, and finding the table a reader is to see. What does not: the
data themselves (`stored.py`), the analysts' views (`views.py`), what a table holds (`cohort/`, `indicators/`) or whether it is
good enough (`gates.py`).

A table is addressed by the fingerprint of everything it was made from, so equal inputs and equal code give the
same folder, nothing is made twice, and a pointer moves by one atomic rename. A release is written only when
a refresh has completed; readers follow it, so they never see half of a delivery. A delivery that is refreshed again with other
code, parameters or another policy, to other bytes, becomes the next edition of its release; the record of the one before is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from naome_pipeline.engine import literal, look_into_files
from naome_pipeline.home import Home
from naome_pipeline.leftovers import write_atomically
from naome_pipeline.periods import parse_period
from naome_pipeline.stored import (
    RECORD_FILE,
    Damaged,
    NotPublished,
    PublishedTable,
    Store,
    as_json,
    read_json,
)

# The table of a release that lists its tables; it cannot list itself.
PUBLICATION = "publication"


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


@dataclass(frozen=True, order=True)
class Edition:
    """A release as it was published once: the one readers see, or with a `number` one that may be an earlier."""

    scope: Scope
    number: int | None = None


@dataclass(frozen=True)
class Before:
    """What a table is compared with: a release, and the rows of the table in it."""

    scope: Scope
    rows: int


class Lake(Store):
    """The tables of one home."""

    @classmethod
    def open(cls, home: str | Path | None = None) -> Lake:
        """The lake of a home folder (default `$NAOME_HOME`, else `.naome`)."""
        return cls(Home.locate(home).lake)

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
        """Make a completed refresh the release of its delivery version. The record of an earlier edition is kept."""
        path = self._release(scope)
        before = self._record_if_readable(scope)
        if before is not None and _edition_of(before) < _edition_of(content):
            write_atomically(self._edition(scope, _edition_of(before)), as_json(before))
        write_atomically(path, as_json(content))
        return path

    def editions(self, scope: Scope) -> list[int]:
        """The editions of a release, oldest first; the last is the one readers see."""
        kept = sorted(int(p.stem[-4:]) for p in self._edition(scope, 1).parent.glob("edition_[0-9]*.json"))
        before = self._record_if_readable(scope)
        now = [] if before is None else [_edition_of(before)]
        return [number for number in kept if number not in now] + now

    def edition_with(self, scope: Scope, tables: Mapping[str, Mapping[str, Any]]) -> int:
        """Which edition of its release these tables are: the present one if they have its bytes, else the next."""
        before = self._record_if_readable(scope)
        if before is not None and _bytes_of(before["tables"]) == _bytes_of(tables):
            return _edition_of(before)
        return max(self.editions(scope), default=0) + 1

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

    def release(self, scope: Scope, edition: int | None = None) -> dict[str, Any]:
        """The record of a completed refresh: the one readers see, or of a certain edition."""
        path = self._release(scope)
        if edition is not None:
            present = self._record_if_readable(scope)
            if present is not None and _edition_of(present) == edition:
                return present
            kept = self._edition(scope, edition)
            if not kept.is_file():
                known = ", ".join(map(str, self.editions(scope))) or "none"
                raise NotPublished(f"{scope.label} has no edition {edition}; it has: {known}")
            return read_json(kept)
        if not path.is_file():
            raise NotPublished(
                f"{scope.label} has no completed refresh. What to do: run: naome refresh --feed {scope.feed} "
                f"--period {scope.period}"
            )
        return read_json(path)

    def released(self, scope: Scope, name: str, edition: int | None = None) -> PublishedTable:
        """A table exactly as a release has it."""
        tables = self.release(scope, edition)["tables"]
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
        with look_into_files() as connection:
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

    def _pointer(self, scope: Scope, name: str) -> Path:
        return self.root / "deliveries" / scope.folder / f"{name}.json"

    def _failure(self, scope: Scope, name: str) -> Path:
        return self.root / "deliveries" / scope.folder / f"{name}.failed.json"

    def _release(self, scope: Scope) -> Path:
        return (self.root / "releases" / scope.folder).with_suffix(".json")

    def _edition(self, scope: Scope, number: int) -> Path:
        return self.root / "releases" / scope.folder / f"edition_{number:04d}.json"

    def _record_if_readable(self, scope: Scope) -> dict[str, Any] | None:
        path = self._release(scope)
        with suppress(Damaged):
            return read_json(path) if path.is_file() else None
        return None


def _edition_of(record: Mapping[str, Any]) -> int:
    return int(record.get("edition", 1))  # records did not always say it


def _bytes_of(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: entry["sha256"] for name, entry in tables.items()}
