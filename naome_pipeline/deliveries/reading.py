"""Reading a data set of a delivery: delivered text into one typed table, unusable rows into quarantine.

What belongs here: the order read → type → judge → de-duplicate → write, and the counts. What does not: the rules for
single values (`typing_sql.py`) or whether a delivery is acceptable (`checking.py`).

Nothing is lost: every record of a file is in the table or in quarantine, with its file, physical line and reason.
A record is taken to be one physical line; where a quoted value holds a line end, later line numbers are too low.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
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
from naome_pipeline.deliveries.quarantine import (
    A_TRAILER,
    ANOTHER_DATA_SET,
    Collector,
    Lines,
    Piece,
    RowsSetAside,
    collecting,
    create_quarantine,
    identity_sql,
    quarantine_file,
    remove_repeats,
    set_aside_sql,
)
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
from naome_pipeline.engine import ROW_GROUP_SIZE, literal, quoted, run, write_parquet
from naome_pipeline.repeats import Suspects, files_sql
from naome_pipeline.tables import named_files, parquet_rows

if TYPE_CHECKING:
    from naome_pipeline.deliveries.receiving import AcceptedDelivery

_REJECTS = "rejected_lines"
# `naome check` looks at so many records of each file, enough to tell a wrong file (half of it unusable) from a dirty one; all
# are counted, and all are judged when they are read.
PROFILED_RECORDS = 20_000
# One piece of a large table: two row groups of DuckDB's usual size. A piece with a repeated row is written again.
_ROW_GROUPS = 2
# What an index deprivation quintile of 1 means when the file says it in words ("1 - most deprived").
_MOST, _LEAST = "most_deprived", "least_deprived"


@dataclass
class ReadCounts:
    """What became of the records of a data set: rows_in = rows_out + all quarantined."""

    rows_in: int = 0
    rows_out: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    coerced_to_null: dict[str, int] = field(default_factory=dict)
    suspects: Suspects | None = field(default=None, compare=False, repr=False)
    """By what rows that repeat others were found."""


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
    write_parquet(connection, f"SELECT {columns} WHERE FALSE", table_path)
    create_quarantine(connection)
    write_parquet(connection, "SELECT * FROM quarantined_rows", quarantine_path)
    run(connection, "DROP TABLE quarantined_rows")


def read_data_set(
    connection: duckdb.DuckDBPyConnection,
    delivery: AcceptedDelivery,
    name: str,
    table_path: Path,
    quarantine_path: Path,
    scanned: Mapping[str, TextFile] | None = None,
    *,
    row_group_size: int = ROW_GROUP_SIZE,
) -> ReadCounts:
    """Read every file of a data set into `table_path` and its unusable rows into `quarantine_path`.

    Both Parquet, the table in the order of the files and their lines, the quarantine sorted: the same bytes on any number
    of threads. A table of more than two row groups of `row_group_size` is in pieces (`tables.py`). Quarantine columns:
    file, line (the header is line 1), data_set, reason, column, record. `scanned`: what is known of the files already.
    DeliveryError when a file cannot be read as a table at all.
    """
    target = data_set(name)
    counts = ReadCounts()
    known = scanned or {}
    sources = [
        _Source(
            number,
            m.name,
            known.get(m.name) or scan_file(delivery.path / m.name),
            layout_of(m.table),
            {part: known.get(path.name) or scan_file(path) for part, path in m.joined.items()},
        )
        for number, m in enumerate(_matched(delivery).get(name, ()))
    ]
    if not sources:
        empty_data_set(connection, name, table_path, quarantine_path)
        return counts
    create_quarantine(connection)
    try:
        pieces: list[Piece] = []
        places: list[tuple[RowsSetAside, Lines]] = []
        with collecting(connection) as collector:
            for source in sources:
                written, aside, lines = _read_file(
                    connection,
                    source,
                    target,
                    delivery.manifest.snapshot_date,
                    counts,
                    collector,
                    table_path,
                    row_group_size,
                )
                pieces += written
                places.append((aside, lines))
        repeats_expected = all(source.layout.repeats_expected for source in sources)
        counts.suspects = remove_repeats(
            connection, target, pieces, [s.name for s in sources], places, repeats_expected=repeats_expected
        )
        write_parquet(connection, "SELECT * FROM quarantined_rows ORDER BY ALL", quarantine_path)
        counts.rows_out = _assemble(connection, pieces, table_path, row_group_size)
        counts.quarantined = dict(
            connection.execute(
                "SELECT reason, COUNT(*) FROM quarantined_rows GROUP BY 1 ORDER BY 1"
            ).fetchall()
        )
        counts.rows_in = counts.rows_out + sum(counts.quarantined.values())
    finally:
        run(connection, "DROP TABLE IF EXISTS quarantined_rows")
    return counts


def _assemble(
    connection: duckdb.DuckDBPyConnection, pieces: list[Piece], table_path: Path, row_group_size: int
) -> int:
    """Give the pieces their names; a table of few rows becomes one file. Returns the number of rows."""
    files = [piece.path for piece in pieces]
    rows = sum(parquet_rows(file) for file in files)
    if len(files) > 1 and rows <= _ROW_GROUPS * row_group_size:
        write_parquet(connection, f"SELECT * FROM {files_sql(files)}", table_path)
    else:
        named_files(table_path, files)
    for folder in {file.parent for file in files}:
        shutil.rmtree(folder)
    return rows


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
    drop_rejects(connection, _REJECTS)
    try:
        typed, rows = _judged_rows(connection, source, snapshot_date, limit=PROFILED_RECORDS)
        found = connection.execute(
            f"SELECT code, COUNT(*), COUNT(DISTINCT {identity_sql(target)}) FROM {rows} "
            f"WHERE code IS DISTINCT FROM {ANOTHER_DATA_SET} GROUP BY code ORDER BY code"
        ).fetchall()
    except duckdb.InvalidInputException as problem:
        raise _not_a_table(source.name, problem) from None
    finally:
        drop_rejects(connection, _REJECTS)
    unusable = {
        (typed.reasons[code][0], source.delivered_name(typed.reasons[code][1])): rows
        for code, rows, _ in found
        if code is not None and code >= 0
    }
    repeated = sum(rows - distinct for code, rows, distinct in found if code is None)
    key = tuple(source.delivered_name(c) for c in target.key or ())
    return FileProfile(
        sum(rows for _, rows, _ in found), unusable, 0 if layout.repeats_expected else repeated, key
    )


def _not_a_table(name: str, problem: duckdb.Error) -> DeliveryError:
    # The driver's own words may quote a record.
    return DeliveryError(f"{name} cannot be read as a delimited table ({type(problem).__name__})")


def _scanned(joined: dict[str, Path]) -> dict[str, TextFile]:
    return {part: scan_file(path) for part, path in joined.items()}


def _read_file(
    connection: duckdb.DuckDBPyConnection,
    source: _Source,
    target: DataSet,
    snapshot_date: dt.date,
    counts: ReadCounts,
    collector: Collector,
    table_path: Path,
    row_group_size: int,
) -> tuple[list[Piece], RowsSetAside, Lines]:
    """Read one file once: usable rows into pieces of the table, the others into `quarantined_rows`."""
    drop_rejects(connection, _REJECTS)
    typed, rows = _judged_rows(connection, source, snapshot_date)
    listed = ", ".join(quoted(c) for c in canonical_columns(target.name))
    lost = [quoted("lost " + name) for name in typed.unreadable]
    folder = table_path.with_name(f"read_{source.number}")
    statement = f"SELECT {listed} FROM {rows} WHERE {set_aside_sql('good_row', 'code', lost)}"
    if source.joined:
        statement += " ORDER BY good_row"  # a join need not keep the order
    try:
        written = write_parquet(
            connection, statement, folder, row_groups_per_file=_ROW_GROUPS, row_group_size=row_group_size
        )
    except duckdb.InvalidInputException as problem:
        raise _not_a_table(source.name, problem) from None
    aside = collector.found(len(typed.unreadable))
    for name, amount in zip(typed.unreadable, aside.lost.tolist(), strict=True):
        if amount:
            counts.coerced_to_null[name] = counts.coerced_to_null.get(name, 0) + amount
    lines = quarantine_file(
        connection, source.file, source.layout, typed.reasons, aside, _REJECTS, written + len(aside.numbers)
    )
    drop_rejects(connection, _REJECTS)
    files = sorted(folder.glob("data_*.parquet"), key=lambda path: int(path.stem.removeprefix("data_")))
    return [Piece(file, source.number, parquet_rows(file)) for file in files], aside, lines


def _judged_rows(
    connection: duckdb.DuckDBPyConnection, source: _Source, snapshot_date: dt.date, limit: int | None = None
) -> tuple[TypedColumns, str]:
    """SQL of the well-formed rows of one file, typed, with good_row, code (null: usable) and `lost <column>` counts."""
    direction = source.layout.imd_one_means
    if direction == "label_else_most_deprived":
        direction = _said_direction(connection, source)
    blanks = max(file.blanks for file in (source.file, *source.joined.values()))
    typed = typed_columns(source.layout, source.locate, snapshot_date, direction, blanks)
    values = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in typed.columns.items())
    lost = "".join(f", {sql} AS {quoted('lost ' + name)}" for name, sql in typed.unreadable.items())
    code = (
        f"CASE WHEN NOT belongs THEN {ANOTHER_DATA_SET} WHEN trailer THEN {A_TRAILER} ELSE {typed.code} END"
    )
    return (
        typed,
        f"(SELECT good_row, {code} AS code, {values}{lost} FROM {_typed_rows(source, typed, limit)})",
    )


def _typed_rows(source: _Source, typed: TypedColumns, limit: int | None) -> str:
    """SQL of the well-formed rows of a file up to typed values, with good_row, trailer and belongs.

    A trailer is no record; rows that do not belong are another data set's. Only the columns that are named are read.
    """
    main = quoted("main")
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
