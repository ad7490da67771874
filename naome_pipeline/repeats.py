"""Rows that agree in some columns, found among tens of millions without sorting or grouping the rows.

What belongs here: hashing columns of Parquet files and finding the hashes that occur more than once. What does not: which of
the rows that agree is kept (`quarantine.py`) or how many are acceptable (`expectations/`).

A sorted array of 8-byte hashes costs a tenth of what grouping costs: 80 million keys take 1.3 GB and a few seconds. Equal
rows have equal hashes; rows with equal hashes are compared value by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from naome_pipeline.engine import literal, quoted

Hashes = NDArray[np.uint64]
_FILTER_BITS = 24


@dataclass(frozen=True)
class Suspects:
    """The hashes (`hash_sql`, sorted) that rows of a table with equal values in some columns have; others may have them too."""

    columns: tuple[str, ...]
    hashes: Hashes


def files_sql(files: Sequence[Path]) -> str:
    """The DuckDB table function that reads these Parquet files as one table, in this order."""
    return f"read_parquet([{', '.join(literal(file) for file in files)}])"


def columns_without_nulls(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> set[str]:
    """The columns of which the footers of a table's files count no null. DuckDB uses them where there is one file."""
    listed = ", ".join(literal(file) for file in files)
    found = connection.execute(
        f"SELECT path_in_schema FROM parquet_metadata([{listed}]) GROUP BY ALL "
        "HAVING SUM(stats_null_count) = 0 AND COUNT(stats_null_count) = COUNT(*)"
    ).fetchall()
    return {str(column) for (column,) in found}


def hash_sql(columns: Sequence[str]) -> str:
    """The hash of some columns of a row."""
    return f"HASH({', '.join(quoted(column) for column in columns)})"


def hashes_of(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], hashed: str) -> Hashes:
    """The hash (`hash_sql`) of every row, in the order of the rows."""
    if not files:
        return np.empty(0, np.uint64)
    counted = connection.execute(f"SELECT COUNT(*) FROM {files_sql(files)}").fetchall()
    found = np.empty(int(counted[0][0]), np.uint64)
    reader = connection.sql(f"SELECT {hashed} AS h FROM {files_sql(files)}").to_arrow_reader(1 << 20)
    start = 0
    for batch in reader:
        found[start : start + len(batch)] = batch.column(0).to_numpy()
        start += len(batch)
    return found


def repeated(hashes: Hashes) -> Hashes:
    """The hashes that occur more than once, each once, sorted."""
    # Half a hash sorts in half the time; of 80 million, some 700,000 pairs agree in it by chance and are looked at whole.
    halves = (hashes >> np.uint64(32)).astype(np.uint32)
    return _twice(hashes[places_of(halves, _twice(halves))])


def _twice(values: NDArray[Any]) -> NDArray[Any]:
    ordered = np.sort(values)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def places_of(hashes: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.int64]:
    """Where any of the wanted (sorted) hashes stand, in order."""
    if len(wanted) == 0:
        return np.empty(0, np.int64)
    # A small table of the last bits sends nearly all rows away before they are looked up.
    mask = hashes.dtype.type((1 << _FILTER_BITS) - 1)
    known = np.zeros(1 << _FILTER_BITS, dtype=bool)
    known[wanted & mask] = True
    places = np.flatnonzero(known[hashes & mask])
    found = hashes[places]
    nearest = np.minimum(np.searchsorted(wanted, found), len(wanted) - 1)
    return places[wanted[nearest] == found]


def rows_beyond_the_first(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[Path],
    columns: Sequence[str],
    *,
    nulls: bool = True,
    suspects: Suspects | None = None,
) -> int:
    """How many rows repeat the values of some columns in an earlier row; with `nulls` False, of rows without nulls there.

    `suspects`, of these columns, save looking for them: only rows with these hashes are compared.
    """
    if suspects is not None and suspects.columns == tuple(columns):
        suspected = suspects.hashes
    else:
        suspected = repeated(hashes_of(connection, files, hash_sql(columns)))
    if len(suspected) == 0:
        return 0
    listed = ", ".join(quoted(column) for column in columns)
    there = "" if nulls else "".join(f" AND {quoted(column)} IS NOT NULL" for column in columns)
    connection.register("suspected_hashes", pa.table({"h": suspected}))
    try:
        found = connection.execute(
            f"SELECT COALESCE(SUM(n - 1), 0) FROM (SELECT COUNT(*) AS n FROM {files_sql(files)} "
            f"WHERE {hash_sql(columns)} IN (SELECT h FROM suspected_hashes){there} GROUP BY {listed})"
        ).fetchall()
    finally:
        connection.unregister("suspected_hashes")
    return int(found[0][0])
