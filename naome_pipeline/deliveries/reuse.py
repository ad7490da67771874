"""The rows of a file that did not change, taken over from the table of an earlier version of the delivery.

What belongs here: what the record of a table says of each delivered file it was made of, when that can be taken again, and the
taking. What does not: reading a file (`reading.py`), or which tables are earlier ones (`assets/sources/reading.py`).

The table is byte for byte what reading every file gives. So rows are taken over only of a file that is the same, read by the
same rules (`made_from`), and none of whose rows repeats one of another file: which of those is kept depends on both files.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from naome_pipeline.deliveries.matching import Match
from naome_pipeline.engine import literal, run
from naome_pipeline.tables import file_sha256

if TYPE_CHECKING:
    from naome_pipeline.deliveries.receiving import AcceptedDelivery


@dataclass(frozen=True)
class FileRows:
    """What one delivered file gave to a table in pieces; an entry in the record of that table.

    `file`: its path in the delivery; `made_from`: fingerprint of all that its rows follow from; `pieces`: names of the Parquet
    files with its rows, in order; `unreadable`: values lost, by column; `repeats_others`: one of its rows has the key of a row
    of another file, whichever of them was kept.
    """

    file: str
    made_from: str
    pieces: list[str]
    unreadable: dict[str, int]
    repeats_others: bool


@dataclass(frozen=True)
class EarlierTable:
    """A stored table of the same data set, made by the same code.

    `quarantine`: name of the file with its unusable rows; `hashes`: file name to SHA-256, as stored.
    """

    folder: Path
    quarantine: str
    hashes: Mapping[str, str]
    files: Sequence[FileRows]


@dataclass(frozen=True)
class TakenOver:
    """The stored files of what a delivered file gave, in a folder of our own."""

    pieces: list[Path]
    quarantine: Path
    unreadable: dict[str, int]

    def quarantine_again(self, connection: duckdb.DuckDBPyConnection, file: str) -> None:
        """Put the unusable rows of the file into `quarantined_rows`."""
        run(
            connection,
            f"INSERT INTO quarantined_rows SELECT * FROM read_parquet({literal(self.quarantine)}) "
            f"WHERE file = {literal(file)}",
        )


def made_from(delivery: AcceptedDelivery, match: Match, repeats_expected: bool, row_group_size: int) -> str:
    """The fingerprint of all that the rows of a file follow from, but for the code and the rows of other files."""
    hashes = {file.path: file.sha256 for file in delivery.manifest.files}
    content = {
        "sha256": hashes[match.name],
        "joined": {part: hashes[path] for part, path in match.joined.items()},
        "layout": [match.table.data_set, match.table.version],
        "snapshot_date": delivery.manifest.snapshot_date,
        "repeats_expected": repeats_expected,
        "row_group_size": row_group_size,
        "duckdb": duckdb.__version__,  # it shapes the bytes
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def take_over(earlier: Sequence[EarlierTable], file: str, origin: str, folder: Path) -> TakenOver | None:
    """What an earlier table has of a file with this origin (`made_from`), now in a new `folder`; None: read the file."""
    for table in earlier:
        for found in table.files:
            same = (found.file, found.made_from) == (file, origin)
            if same and not found.repeats_others and _taken(table, found, folder):
                pieces = [folder / name for name in found.pieces]
                return TakenOver(pieces, folder / table.quarantine, found.unreadable)
    return None


def _taken(table: EarlierTable, found: FileRows, folder: Path) -> bool:
    """Whether the files are there as they were stored. They are taken first: an earlier delivery may be forgotten now."""
    folder.mkdir()
    with suppress(OSError):
        for name in (*found.pieces, table.quarantine):
            _link(table.folder / name, folder / name)
        if all(file_sha256(path) == table.hashes.get(path.name) for path in folder.iterdir()):
            return True
    shutil.rmtree(folder)
    return False


def _link(stored: Path, name: Path) -> None:
    """A second name for a stored file. Files of the lake never change, so nobody can tell it from a copy."""
    try:
        os.link(stored, name)
    except OSError:  # a file system without links, or with too many of this file
        shutil.copyfile(stored, name)
