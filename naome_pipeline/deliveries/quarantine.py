"""Quarantine: unusable rows with their file, physical line and reason, and the rows that only repeat others.

What belongs here: where a row goes that cannot be used, which line it stood on, and what stood there. What does not: typing
values (`typing_sql.py`) or the order of reading (`reading.py`).

A file is read once, straight into its table, so unusable rows are handed over while the reading goes on: only their numbers
and a code for the reason. What stood in them is fetched from the file afterwards, line by line.
"""

from __future__ import annotations

import threading
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from naome_pipeline.deliveries.layouts import DataSet, TableLayout, canonical_columns
from naome_pipeline.deliveries.text_files import TextFile, drop_rejects, lines_at, reader_sql
from naome_pipeline.engine import literal, quoted, run, write_parquet
from naome_pipeline.repeats import Suspects, columns_without_nulls, hash_sql, hashes_of, places_of, repeated

MALFORMED, TRAILER = "malformed_line", "trailer_line"
DUPLICATE_ROW, DUPLICATE_KEY = "duplicate_row", "duplicate_key"
_SET_ASIDE, _LOST = "set_aside", "values_lost"
# Codes of rows that are no fault of the data set: rows of another one, and trailers.
ANOTHER_DATA_SET, A_TRAILER = -2, -1
_CODES = 1 << 12


@dataclass
class RowsSetAside:
    """The rows of one file that were not written to its table, and the usable ones in which values were lost.

    Numbers count well-formed rows from 1. Codes number the reasons of the file, or are one of the two above.
    """

    numbers: NDArray[np.int64]
    codes: NDArray[np.int16]
    lost: NDArray[np.int64]

    def good_row(self, place: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of the usable rows that stand at these places (from 0) of the table."""
        # Before the i-th row set aside (from 0), which has number n, stand n - 1 - i usable rows.
        before = self.numbers - 1 - np.arange(len(self.numbers))
        return place + 1 + np.searchsorted(before, place, side="right")


@dataclass
class Collector:
    """Takes rows over from a running statement, which calls `set_aside` and `values_lost` for those few that need it.

    Both are called row by row: for few rows that costs a tenth of handing over arrays.
    """

    # Number and code of each row in one value, so that appending it needs no lock.
    _rows: array[int] = field(default_factory=lambda: array("q"))
    _lost: Counter[int] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set_aside(self, row: int) -> bool:
        """Remember a row (`set_aside_sql`); it is not usable."""
        self._rows.append(row)
        return False

    def values_lost(self, lost: list[int]) -> bool:
        """Add up how many values of each column a row has lost; it is usable all the same."""
        with self._lock:
            self._lost.update({column: amount for column, amount in enumerate(lost) if amount})
        return True

    def found(self, values: int) -> RowsSetAside:
        """All rows set aside since the last call, in order; `values`: how many columns can lose a value."""
        rows, lost = np.sort(np.frombuffer(self._rows, np.int64)), self._lost
        self._rows, self._lost = array("q"), Counter()
        return RowsSetAside(
            numbers=rows // _CODES,
            codes=(rows % _CODES + ANOTHER_DATA_SET).astype(np.int16),
            lost=np.array([lost[column] for column in range(values)], np.int64),
        )


def set_aside_sql(number: str, code: str, lost: Sequence[str]) -> str:
    """The condition that a row is usable: its code is null. Other rows, and values that are lost, reach the collector."""
    branches = f"WHEN {code} IS NULL THEN TRUE"
    if lost:
        counts = f"CAST([{', '.join(lost)}] AS BIGINT[])"
        branches = f"WHEN {code} IS NULL AND {' + '.join(lost)} = 0 THEN TRUE WHEN {code} IS NULL THEN {_LOST}({counts})"
    row = f"CAST({number} * {_CODES} + {code} - ({ANOTHER_DATA_SET}) AS BIGINT)"
    return f"CASE {branches} ELSE {_SET_ASIDE}({row}) END"


@contextmanager
def collecting(connection: duckdb.DuckDBPyConnection) -> Iterator[Collector]:
    """Within this block statements can contain what `set_aside_sql` gives."""
    collector = Collector()
    connection.create_function(
        _SET_ASIDE,
        collector.set_aside,
        ["BIGINT"],
        "BOOLEAN",
        side_effects=True,  # type: ignore[arg-type]
    )
    connection.create_function(
        _LOST,
        collector.values_lost,
        ["BIGINT[]"],
        "BOOLEAN",
        side_effects=True,  # type: ignore[arg-type]
    )
    try:
        yield collector
    finally:
        connection.remove_function(_SET_ASIDE)
        connection.remove_function(_LOST)


def create_quarantine(connection: duckdb.DuckDBPyConnection) -> None:
    """The empty table `quarantined_rows`."""
    run(
        connection,
        "CREATE OR REPLACE TABLE quarantined_rows (file VARCHAR, line BIGINT, data_set VARCHAR, reason VARCHAR, "
        '"column" VARCHAR, record VARCHAR)',
    )


@dataclass(frozen=True)
class Lines:
    """Physical lines of the well-formed rows of a file. `rejected`: the malformed lines, sorted."""

    rejected: NDArray[np.int64]

    def of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """A row stands behind the header and every rejected line before it.

        The i-th rejected line (from 0), at physical line L, has L - 2 - i well-formed rows before it.
        """
        before = self.rejected - 2 - np.arange(len(self.rejected))
        return numbers + 1 + np.searchsorted(before, numbers, side="left")


def quarantine_file(
    connection: duckdb.DuckDBPyConnection,
    path: str,
    file: TextFile,
    layout: TableLayout,
    reasons: Sequence[tuple[str, str | None]],
    aside: RowsSetAside,
    rejects: str,
    records: int,
) -> Lines:
    """Malformed lines and unusable rows of one file, with their physical lines; where the other rows stand.

    `path`: of the file in its delivery; `reasons`: reason and column of each code; `records`: well-formed rows of the file.
    """
    start = layout.trailer_starts_with
    trailer = f"STARTS_WITH(UPPER(TRIM(csv_line)), {literal(start.upper())})" if start else "FALSE"
    name, data = literal(path), literal(layout.data_set)
    run(
        connection,
        f"INSERT INTO quarantined_rows SELECT {name}, line, {data}, CASE WHEN {trailer} THEN '{TRAILER}' ELSE "
        f"'{MALFORMED}' END, NULL, csv_line FROM (SELECT line, ANY_VALUE(csv_line) AS csv_line FROM {rejects} GROUP BY line)",
    )
    rejected = connection.execute(f"SELECT DISTINCT line FROM {rejects} ORDER BY line").fetchnumpy()["line"]
    lines = Lines(np.asarray(rejected, dtype=np.int64))
    unusable = aside.codes != ANOTHER_DATA_SET
    numbers, codes = aside.numbers[unusable], aside.codes[unusable]
    if len(numbers) == 0:
        return lines
    found = pa.table({"number": numbers, "line": lines.of(numbers), "code": codes})
    if records + len(lines.rejected) + 1 == file.lines:  # every record is one line
        texts = lines_at(file, found["line"].to_numpy())
        found = found.append_column("record", pa.array(texts, pa.string()))
    else:
        connection.register("rows_set_aside", found)
        found = _records_by_number(connection, file, found)
        connection.unregister("rows_set_aside")
    connection.register("rows_set_aside", found)
    kinds = f"[{', '.join(literal(reason) for reason, _ in reasons)}]"
    columns = f"[{', '.join(literal(column) if column else 'NULL' for _, column in reasons)}]"
    run(
        connection,
        f"INSERT INTO quarantined_rows SELECT {name}, line, {data}, CASE WHEN code = {A_TRAILER} THEN '{TRAILER}' ELSE "
        f"{kinds}[code + 1] END, CASE WHEN code >= 0 THEN {columns}[code + 1] END, record FROM rows_set_aside",
    )
    connection.unregister("rows_set_aside")
    return lines


def _records_by_number(connection: duckdb.DuckDBPyConnection, file: TextFile, found: pa.Table) -> pa.Table:
    """The rows with what stood in them, where a record may be several lines: read again, all columns of it."""
    separator = f", {literal(file.header.delimiter)}, "
    whole = separator.join(f"COALESCE(c{i}, '')" for i in range(len(file.header.names)))
    rejects = "rejected_again"
    drop_rejects(connection, rejects)
    rows = (
        f"SELECT CONCAT({whole}) AS record, ROW_NUMBER() OVER () AS number FROM {reader_sql(file, rejects)}"
    )
    try:
        return connection.execute(
            f"SELECT number, line, code, record FROM rows_set_aside JOIN ({rows}) USING (number) ORDER BY number"
        ).to_arrow_table()
    finally:
        drop_rejects(connection, rejects)


@dataclass(frozen=True)
class Piece:
    """A Parquet file with usable rows of one delivered file, in their order."""

    path: Path
    file_number: int
    rows: int


def identity_sql(target: DataSet) -> str:
    """The hash of what a usable row is known by: its key, or all its columns where there is nothing in the key."""
    whole = tuple(canonical_columns(target.name))
    if target.key is None:
        return hash_sql(whole)
    if target.known_by_key:
        return hash_sql(target.key)
    return f"CASE WHEN {_without_key(target.key)} THEN {hash_sql(whole)} ELSE {hash_sql(target.key)} END"


def _without_key(key: Sequence[str]) -> str:
    return " AND ".join(f"{quoted(column)} IS NULL" for column in key)


def _key(target: DataSet) -> tuple[str, ...]:
    return target.key or tuple(canonical_columns(target.name))


def find_repeats(
    connection: duckdb.DuckDBPyConnection, target: DataSet, pieces: Sequence[Piece]
) -> tuple[Suspects, NDArray[np.int64]]:
    """The hashes that the keys of several rows have, and where those rows stand (from 0, over all pieces), sorted.

    A row that has nothing in its key is known by all its columns.
    """
    files, key = [piece.path for piece in pieces], _key(target)
    hashed = hash_sql(key)
    if files and columns_without_nulls(connection, files).isdisjoint(key):
        hashed = identity_sql(target)  # reads all columns
    hashes = hashes_of(connection, files, hashed)
    found = Suspects(key, repeated(hashes))
    return found, places_of(hashes, found.hashes)


def files_with(places: NDArray[np.int64], pieces: Sequence[Piece]) -> list[int]:
    """The numbers of the files that any of the places (from 0, over all pieces) are in, sorted."""
    ends = np.cumsum([piece.rows for piece in pieces])
    there = np.unique(np.searchsorted(ends, places, side="right"))
    return sorted({pieces[number].file_number for number in there.tolist()})


def remove_repeats(
    connection: duckdb.DuckDBPyConnection,
    target: DataSet,
    pieces: Sequence[Piece],
    suspects: NDArray[np.int64],
    names: Sequence[str],
    places: Mapping[int, tuple[RowsSetAside, Lines]],
    *,
    repeats_expected: bool,
) -> set[int]:
    """Keep one row per key (the first, or the earliest by the data set's rule); the others go to quarantine.

    `suspects`: places of the rows whose keys may repeat (`find_repeats`); only they are compared value by value, and only
    pieces with repeats are written again. `names`: of each delivered file; `places`: what the lines of its rows follow from,
    of every file with suspects. Returns the numbers of the files that have a key in common with another file.
    """
    columns = [quoted(c) for c in canonical_columns(target.name)]
    whole = ", ".join(columns)
    names_of_key = _key(target)
    if len(suspects) == 0:
        return set()
    typed = ", ".join(f"{quoted(c)} {kind}" for c, kind in canonical_columns(target.name).items())
    run(
        connection,
        f"CREATE OR REPLACE TABLE suspects (file_number INTEGER, line BIGINT, piece INTEGER, place BIGINT, {typed})",
    )
    first_of_file: dict[int, int] = {}
    start = 0
    for number, piece in enumerate(pieces):
        first = first_of_file.setdefault(piece.file_number, start)
        inside = suspects[(suspects >= start) & (suspects < start + piece.rows)]
        if len(inside):
            aside, lines = places[piece.file_number]
            wanted = pa.table({"place": inside - start, "line": lines.of(aside.good_row(inside - first))})
            connection.register("wanted", wanted)
            run(
                connection,
                f"INSERT INTO suspects SELECT {piece.file_number}, w.line, {number}, w.place, {whole} FROM "
                f"read_parquet({literal(piece.path)}, file_row_number = true) AS p JOIN wanted AS w "
                "ON p.file_row_number = w.place",
            )
            connection.unregister("wanted")
        start += piece.rows
    key = ", ".join(quoted(c) for c in names_of_key)
    order = f"{quoted(target.keep_earliest)} NULLS LAST, " if target.keep_earliest else ""
    order += "file_number, line"
    run(
        connection,
        f"CREATE OR REPLACE TABLE duplicates AS SELECT *, ROW_NUMBER() OVER (PARTITION BY {whole} ORDER BY {order}) > 1 "
        f"AS repeats_row FROM suspects QUALIFY CASE WHEN {_without_key(names_of_key)} THEN repeats_row "
        f"ELSE ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {order}) > 1 END",
    )
    record = ", ".join(f"{column} := {column}" for column in columns)
    listed = f"[{', '.join(literal(name) for name in names)}]"
    kept_quiet = "WHERE NOT repeats_row" if repeats_expected else ""
    run(
        connection,
        f"INSERT INTO quarantined_rows SELECT {listed}[file_number + 1], line, {literal(target.name)}, "
        f"CASE WHEN repeats_row THEN '{DUPLICATE_ROW}' ELSE '{DUPLICATE_KEY}' END, NULL, "
        f"CAST(TO_JSON(STRUCT_PACK({record})) AS VARCHAR) FROM duplicates {kept_quiet}",
    )
    for number, listed_places in connection.execute(
        "SELECT piece, LIST(place) FROM duplicates GROUP BY piece ORDER BY piece"
    ).fetchall():
        _write_without(connection, pieces[number], whole, listed_places)
    in_common = connection.execute(
        f"SELECT DISTINCT UNNEST(LIST(file_number)) FROM suspects GROUP BY {identity_sql(target)} "
        "HAVING MIN(file_number) < MAX(file_number)"
    ).fetchall()
    run(connection, "DROP TABLE suspects")
    run(connection, "DROP TABLE duplicates")
    return {number for (number,) in in_common}


def _write_without(
    connection: duckdb.DuckDBPyConnection, piece: Piece, columns: str, left_out: Sequence[int]
) -> None:
    """Write a piece again without the rows at some places (from 0).

    The places are bits of a constant: behind a join with a table of them DuckDB 2.0.0 swaps the row groups.
    """
    bits = np.full(piece.rows, ord("0"), np.uint8)
    bits[left_out] = ord("1")
    fresh = piece.path.with_name("fresh.parquet")
    write_parquet(
        connection,
        f"SELECT {columns} FROM read_parquet({literal(piece.path)}, file_row_number = true) "
        f"WHERE GET_BIT(CAST('{bits.tobytes().decode()}' AS BIT), CAST(file_row_number AS INTEGER)) = 0",
        fresh,
    )
    fresh.replace(piece.path)
