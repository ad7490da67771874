"""Reading a data set of a delivery: delivered text into one typed table, unusable rows into quarantine.

What belongs here: the order read → type → judge → de-duplicate → write, and the counts. What does not: the rules for
single values (`typing_sql.py`) or whether a delivery is acceptable (`checking.py`).

Nothing is lost: every record of a file is in the table or in quarantine, with its file, physical line and reason.
A record is taken to be one physical line; where a quoted value holds a line end, later line numbers are too low.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from naome_pipeline.deliveries import layouts
from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.layouts import (
    MAIN,
    BundleTable,
    DataSet,
    TableLayout,
    canonical_columns,
    data_set,
    part_of,
)
from naome_pipeline.deliveries.quarantine import TRAILER, create_quarantine, find_duplicates, quarantine_file
from naome_pipeline.deliveries.recognition import is_supplied, layout_of, recognise
from naome_pipeline.deliveries.text_files import (
    Header,
    TextFile,
    drop_rejects,
    read_header,
    reader_sql,
    scan_file,
)
from naome_pipeline.deliveries.typing_sql import TypedColumns, condition_sql, typed_columns
from naome_pipeline.engine import literal, quoted, run

if TYPE_CHECKING:
    from naome_pipeline.deliveries.receiving import AcceptedDelivery

_REJECTS = "rejected_lines"
# `naome check` looks at so many records of each file; all are counted, and all are judged when they are read.
PROFILED_RECORDS = 100_000
# What an index deprivation quintile of 1 means when the file says it in words ("1 - most deprived").
_MOST, _LEAST = "most_deprived", "least_deprived"


@dataclass
class ReadCounts:
    """What became of the records of a data set: rows_in = rows_out + all quarantined."""

    rows_in: int = 0
    rows_out: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    coerced_to_null: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Source:
    """One main file with its layout and the files joined to it (join name to file)."""

    number: int
    name: str
    file: TextFile
    layout: TableLayout
    joined: dict[str, TextFile]

    def locate(self, name: str) -> str | None:
        """The SQL of a delivered column, or None when the files do not have it."""
        part, plain = part_of(name)
        file = self.file if part == MAIN else self.joined.get(part)
        position = None if file is None else file.header.position(plain)
        return None if position is None else f"{quoted(part or 'main')}.c{position}"

    def delivered_name(self, column: str) -> str:
        """The name a canonical column has in the header, for messages."""
        mapped = self.layout.columns.get(column)
        names = mapped.accepted() if mapped else ()
        return next(
            (n for n in names if self.file.header.position(n) is not None), names[0] if names else column
        )


@lru_cache(maxsize=16)
def supplied_columns(accepted: AcceptedDelivery) -> Mapping[str, frozenset[str]]:
    """Data set to the canonical columns that the delivery's files really have, for every data set delivered.

    Remembered per delivery: an accepted delivery never changes.
    """
    found: dict[str, set[str]] = {}
    matched = _matched(accepted)
    for target in sorted({name for file in accepted.manifest.files for name in file.data_sets}):
        for match in matched.get(target, ()):
            headers = {MAIN: match.header} | {part: read_header(path) for part, path in match.joined.items()}
            layout = layout_of(match.table)
            columns = {c.name for c in data_set(target).columns if is_supplied(layout, c.name, headers)}
            found.setdefault(target, set()).update(columns)
    return {target: frozenset(columns) for target, columns in sorted(found.items())}


@lru_cache(maxsize=16)
def layouts_used(accepted: AcceptedDelivery) -> Mapping[str, tuple[TableLayout, ...]]:
    """Data set to the published layouts its files follow, for every data set delivered, sorted."""
    return {
        target: tuple(
            sorted(
                {m.table.version: layout_of(m.table) for m in matches}.values(),
                key=lambda found: found.version,
            )
        )
        for target, matches in sorted(_matched(accepted).items())
    }


@dataclass(frozen=True)
class _Match:
    """A file with the main table it feeds, and the files that table looks things up in."""

    name: str
    table: BundleTable
    header: Header
    joined: dict[str, Path]


def _matched(accepted: AcceptedDelivery) -> dict[str, list[_Match]]:
    """Data set to its files, in the order of their names."""
    headers = {file.path: read_header(accepted.path / file.path) for file in accepted.manifest.files}
    stated = {file.path: file.data_set for file in accepted.manifest.files}
    recognised = recognise(layouts.bundle(accepted.manifest.layout), headers, stated)
    joins: dict[str, dict[str, Path]] = {}
    found: dict[str, list[_Match]] = {}
    for name, tables in sorted(recognised.items()):
        for table in tables or ():
            joined = joins.setdefault(table.data_set, {})
            if table.part == MAIN:
                found.setdefault(table.data_set, []).append(_Match(name, table, headers[name], joined))
            else:
                joined[table.part] = accepted.path / name
    return found


def empty_data_set(
    connection: duckdb.DuckDBPyConnection, name: str, table_path: Path, quarantine_path: Path
) -> None:
    """Write a table and a quarantine without rows: what a data set that was not delivered looks like."""
    columns = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(c)}" for c, kind in canonical_columns(name).items())
    _copy(connection, f"SELECT {columns} WHERE FALSE", table_path)
    create_quarantine(connection)
    _copy(connection, "SELECT * FROM quarantined_rows", quarantine_path)
    run(connection, "DROP TABLE quarantined_rows")


def read_data_set(
    connection: duckdb.DuckDBPyConnection,
    delivery: AcceptedDelivery,
    name: str,
    table_path: Path,
    quarantine_path: Path,
) -> ReadCounts:
    """Read every file of a data set into `table_path` and its unusable rows into `quarantine_path`.

    Both Parquet, sorted, the same bytes on any number of threads. Quarantine columns: file, line (the header is line
    1), data_set, reason, column, record. DeliveryError when a file cannot be read as a table at all.
    """
    target = data_set(name)
    counts = ReadCounts()
    sources = [
        _Source(number, m.name, scan_file(delivery.path / m.name), layout_of(m.table), _scanned(m.joined))
        for number, m in enumerate(_matched(delivery).get(name, ()))
    ]
    if not sources:
        empty_data_set(connection, name, table_path, quarantine_path)
        return counts
    create_quarantine(connection)
    _create_staged(connection, name)
    try:
        for source in sources:
            _stage(connection, source, target, delivery.manifest.snapshot_date, counts)
        repeats_expected = all(source.layout.repeats_expected for source in sources)
        find_duplicates(connection, target, [s.name for s in sources], repeats_expected=repeats_expected)
        columns = ", ".join(quoted(c) for c in canonical_columns(name))
        _copy(connection, f"SELECT {columns} FROM usable_rows ORDER BY ALL", table_path)
        _copy(connection, "SELECT * FROM quarantined_rows ORDER BY ALL", quarantine_path)
        counts.rows_out = _single(connection, "SELECT COUNT(*) FROM usable_rows")
        counts.quarantined = dict(
            connection.execute(
                "SELECT reason, COUNT(*) FROM quarantined_rows GROUP BY 1 ORDER BY 1"
            ).fetchall()
        )
        counts.rows_in = counts.rows_out + sum(counts.quarantined.values())
    finally:
        for kind, left in (
            ("VIEW", "usable_rows"),
            *(("TABLE", t) for t in ("staged_rows", "duplicates", "quarantined_rows")),
        ):
            run(connection, f"DROP {kind} IF EXISTS {left}")
    return counts


@dataclass(frozen=True)
class FileProfile:
    """What the first records of a file look like: how many, how many unusable by (reason, delivered column), repeats.

    `key_columns`: the delivered names of the key, or none where whole rows are compared.
    """

    rows: int
    unusable: dict[tuple[str, str], int]
    repeated: int
    key_columns: tuple[str, ...]


def profile_file(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    file: TextFile,
    table: BundleTable,
    joined: dict[str, Path],
    snapshot_date: dt.date,
) -> FileProfile:
    """Type the first records of one file and count what would go to quarantine; nothing is written."""
    layout = layout_of(table)
    source = _Source(0, name, file, layout, _scanned(joined))
    target = data_set(table.data_set)
    _type_rows(connection, source, target, snapshot_date, limit=PROFILED_RECORDS)
    try:
        found = connection.execute(
            "SELECT reason, at_column, COUNT(*) FROM typed_rows GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        columns = [quoted(c) for c in (target.key or canonical_columns(target.name))]
        distinct = f"SELECT COUNT(*) - COUNT(DISTINCT HASH({', '.join(columns)})) FROM typed_rows WHERE reason IS NULL"
        repeated = 0 if layout.repeats_expected else _single(connection, distinct)
    finally:
        run(connection, "DROP TABLE IF EXISTS typed_rows")
        drop_rejects(connection, _REJECTS)
    unusable = {(r, source.delivered_name(c)): n for r, c, n in found if r is not None}
    key = tuple(source.delivered_name(c) for c in target.key or ())
    return FileProfile(sum(n for _, _, n in found), unusable, repeated, key)


def _scanned(joined: dict[str, Path]) -> dict[str, TextFile]:
    return {part: scan_file(path) for part, path in joined.items()}


def _create_staged(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    listed = ", ".join(f"{quoted(c)} {kind}" for c, kind in canonical_columns(name).items())
    run(connection, f"CREATE OR REPLACE TABLE staged_rows (file_number INTEGER, good_row BIGINT, {listed})")


def _stage(
    connection: duckdb.DuckDBPyConnection,
    source: _Source,
    target: DataSet,
    snapshot_date: dt.date,
    counts: ReadCounts,
) -> None:
    """Type one file: usable rows into `staged_rows`, the others into `quarantined_rows`."""
    typed = _type_rows(connection, source, target, snapshot_date)
    quarantine_file(connection, source.number, source.name, source.layout, _REJECTS)
    for name in typed.unreadable:
        amount = _single(
            connection,
            f"SELECT COALESCE(SUM({quoted('lost ' + name)}), 0) FROM typed_rows WHERE reason IS NULL",
        )
        if amount:
            counts.coerced_to_null[name] = counts.coerced_to_null.get(name, 0) + amount
    listed = ", ".join(quoted(c) for c in canonical_columns(target.name))
    run(
        connection,
        f"INSERT INTO staged_rows SELECT {source.number}, good_row, {listed} FROM typed_rows WHERE reason IS NULL",
    )
    run(connection, "DROP TABLE typed_rows")
    drop_rejects(connection, _REJECTS)


def _type_rows(
    connection: duckdb.DuckDBPyConnection,
    source: _Source,
    target: DataSet,
    snapshot_date: dt.date,
    limit: int | None = None,
) -> TypedColumns:
    """The well-formed rows of one file, typed and judged, into `typed_rows`; rejected lines into `_REJECTS`."""
    drop_rejects(connection, _REJECTS)
    direction = source.layout.imd_one_means
    if direction == "label_else_most_deprived":
        direction = _said_direction(connection, source)
    typed = typed_columns(source.layout, source.locate, snapshot_date, direction)
    reasons = [f"WHEN {status} IS NOT NULL THEN {{}}" for status in typed.statuses.values()]
    reason = _first(reasons, typed.statuses.values())
    column = _first(reasons, [literal(name) for name in typed.statuses])
    values = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in typed.columns.items())
    lost = ", ".join(f"{sql} AS {quoted('lost ' + name)}" for name, sql in typed.unreadable.items())
    statement = (
        f"CREATE OR REPLACE TABLE typed_rows AS SELECT good_row, record, "
        f"CASE WHEN trailer THEN '{TRAILER}' ELSE {reason} END AS reason, "
        f"CASE WHEN trailer THEN NULL ELSE {column} END AS at_column, {values}{', ' + lost if lost else ''} "
        f"FROM {_typed_rows(source, typed, limit)} WHERE belongs"
    )
    try:
        run(connection, statement)
    except duckdb.InvalidInputException as problem:
        # The driver's own words may quote a record.
        raise DeliveryError(
            f"{source.name} cannot be read as a delimited table ({type(problem).__name__})"
        ) from None
    return typed


def _first(branches: list[str], results: Iterable[str]) -> str:
    filled = [branch.format(result) for branch, result in zip(branches, results, strict=True)]
    return f"CASE {' '.join(filled)} END" if filled else "NULL"


def _typed_rows(source: _Source, typed: TypedColumns, limit: int | None) -> str:
    """SQL of the well-formed rows of a file up to typed values, with good_row, record, trailer and belongs.

    `record` is the delivered row as text; a trailer is no record; rows that do not belong are another data set's.
    """
    main, header = quoted("main"), source.file.header
    separator = f", {literal(header.delimiter)}, "
    raw = separator.join(f"COALESCE({main}.c{i}, '')" for i in range(len(header.names)))
    trailer, belongs = "FALSE", "TRUE"
    if start := source.layout.trailer_starts_with:
        trailer = f"COALESCE(STARTS_WITH(UPPER(TRIM({main}.c0)), {literal(start.upper())}), FALSE)"
    if source.layout.rows_where is not None:
        belongs = condition_sql(source.layout.rows_where, source.locate) or "FALSE"
    delivered = reader_sql(source.file, _REJECTS)
    if limit is not None:
        delivered = f"(SELECT * FROM {delivered} LIMIT {limit})"
    rows = f"(SELECT *, ROW_NUMBER() OVER () AS good_row FROM {delivered}) AS {main}{_joins(source)}"
    carried = {
        "good_row": f"{main}.good_row",
        "record": f"CONCAT({raw})",
        "trailer": trailer,
        "belongs": belongs,
    }
    for step in (typed.texts, typed.parsed, typed.values):
        listed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in (carried | step).items())
        rows = f"(SELECT {listed} FROM {rows})"
        carried = {name: name for name in carried}
    return rows


def _joins(source: _Source) -> str:
    """LEFT JOINs to the files a layout looks things up in; of several matching rows the first one is taken."""
    parts = []
    for name, join in source.layout.joins.items():
        file = source.joined.get(name)
        if file is None:
            continue
        conditions, keys = [], []
        for ours, theirs in join.keys.items():
            left, position = source.locate(ours), file.header.position(theirs)
            if left is None or position is None:
                conditions.append("FALSE")
                continue
            keys.append(f"c{position}")
            conditions.append(f"TRIM({left}) = TRIM({quoted(name)}.c{position})")
        rows = f"SELECT *, ROW_NUMBER() OVER () AS joined_row FROM {reader_sql(file, f'{_REJECTS}_{name}')}"
        first = f"ROW_NUMBER() OVER (PARTITION BY {', '.join(keys) or '1'} ORDER BY joined_row) = 1"
        unique = f"SELECT * FROM ({rows}) QUALIFY {first}"
        parts.append(f" LEFT JOIN ({unique}) AS {quoted(name)} ON {' AND '.join(conditions)}")
    return "".join(parts)


def _said_direction(connection: duckdb.DuckDBPyConnection, source: _Source) -> str:
    """What quintile 1 means, from its own label in the file; most deprived where no label says otherwise."""
    imd = source.layout.columns.get("imd_quintile")
    names = imd.names if imd else ()
    located = next((found for name in names if (found := source.locate(name)) is not None), None)
    if located is None:
        return _MOST
    said = connection.execute(
        f"SELECT COUNT(*) FROM {reader_sql(source.file, _REJECTS)} AS {quoted('main')} "
        f"WHERE LOWER({located}) LIKE '1%least%'"
    ).fetchall()
    drop_rejects(connection, _REJECTS)
    return _LEAST if said[0][0] else _MOST


def _copy(connection: duckdb.DuckDBPyConnection, statement: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    run(connection, f"COPY ({statement}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd)")


def _single(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0])
