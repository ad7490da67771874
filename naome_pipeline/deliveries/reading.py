"""Reading a data set of a delivery: delivered text into one typed table, unusable rows into quarantine.

What belongs here: the order read → type → judge → de-duplicate → write, and the counts. What does not: the rules for
single values (`typing_sql.py`), whether a delivery is acceptable (`checking.py`), or when a file need not be read (`reuse.py`).

Nothing is lost: every record of a file is in the table or in quarantine, with its file, physical line and reason.
A record is taken to be one physical line; where a quoted value holds a line end, later line numbers are too low.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

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
from naome_pipeline.deliveries.matching import Match, matched_files
from naome_pipeline.deliveries.quarantine import (
    A_TRAILER,
    ANOTHER_DATA_SET,
    Collector,
    Lines,
    Piece,
    RowsSetAside,
    collecting,
    create_quarantine,
    files_with,
    find_repeats,
    identity_sql,
    quarantine_file,
    remove_repeats,
    set_aside_sql,
)
from naome_pipeline.deliveries.recognition import layout_of
from naome_pipeline.deliveries.reuse import EarlierTable, FileRows, TakenOver, made_from, take_over
from naome_pipeline.deliveries.text_files import (
    TextFile,
    drop_rejects,
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
    """What became of the records of a data set: rows_in = rows_out + all quarantined.

    How the table came about does not matter when counts are compared: what each file gave to a table in pieces, and how many
    files were not read because an earlier table had their rows.
    """

    rows_in: int = 0
    rows_out: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    coerced_to_null: dict[str, int] = field(default_factory=dict)
    suspects: Suspects | None = field(default=None, compare=False, repr=False)
    """By what rows that repeat others were found."""
    files: list[FileRows] = field(default_factory=list, compare=False)
    files_taken_over: int = field(default=0, compare=False)


@dataclass(frozen=True)
class _Source:
    """One main file with its layout and the files joined to it (join name to file)."""

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
    scan: Callable[[str], TextFile] | None = None,
    earlier: Sequence[EarlierTable] = (),
    *,
    row_group_size: int = ROW_GROUP_SIZE,
) -> ReadCounts:
    """Read every file of a data set into `table_path` and its unusable rows into `quarantine_path`.

    Both Parquet, the table in the order of the files and their lines, the quarantine sorted: the same bytes on any number
    of threads. A table of more than two row groups of `row_group_size` is in pieces (`tables.py`). Quarantine columns:
    file, line (the header is line 1), data_set, reason, column, record. `scan`: says what is in a file of the delivery.
    Files whose rows one of the `earlier` tables has are not read; that changes no byte (`reuse.py`).
    DeliveryError when a file cannot be read as a table at all.
    """
    matched = matched_files(delivery).get(name, [])
    counts = ReadCounts()
    if not matched:
        empty_data_set(connection, name, table_path, quarantine_path)
        return counts
    names = [match.name for match in matched]
    repeats_expected = all(layout_of(match.table).repeats_expected for match in matched)
    origins = [made_from(delivery, match, repeats_expected, row_group_size) for match in matched]
    create_quarantine(connection)
    try:
        with collecting(connection) as collector:
            reading = _Reading(
                connection,
                delivery,
                data_set(name),
                matched,
                collector,
                scan or (lambda path: scan_file(delivery.path / path)),
                table_path,
                row_group_size,
            )
            files = [reading.taken_over(n, earlier, origins[n]) or reading.read(n) for n in range(len(names))]
            while True:
                pieces = [piece for file in files for piece in file.pieces]
                counts.suspects, suspects = find_repeats(connection, reading.target, pieces)
                # Which row is kept depends on its line, which only reading says.
                unread = [n for n in files_with(suspects, pieces) if files[n].taken_over]
                if not unread:
                    break
                for number in unread:
                    shutil.rmtree(reading.folder(number))
                    files[number] = reading.read(number)
        for file, path in zip(files, names, strict=True):
            if file.taken_over:
                file.taken_over.quarantine_again(connection, path)
        places = {number: file.places for number, file in enumerate(files) if file.places}
        entangled = remove_repeats(
            connection, reading.target, pieces, suspects, names, places, repeats_expected=repeats_expected
        )
        write_parquet(connection, "SELECT * FROM quarantined_rows ORDER BY ALL", quarantine_path)
        counts.rows_out, named = _assemble(connection, pieces, table_path, row_group_size)
        counts.quarantined = dict(
            connection.execute(
                "SELECT reason, COUNT(*) FROM quarantined_rows GROUP BY 1 ORDER BY 1"
            ).fetchall()
        )
        counts.rows_in = counts.rows_out + sum(counts.quarantined.values())
    finally:
        run(connection, "DROP TABLE IF EXISTS quarantined_rows")
    for number, file in enumerate(files):
        for column, amount in file.unreadable.items():
            counts.coerced_to_null[column] = counts.coerced_to_null.get(column, 0) + amount
        if named:
            own = [name for name, piece in zip(named, pieces, strict=True) if piece.file_number == number]
            counts.files.append(
                FileRows(names[number], origins[number], own, file.unreadable, number in entangled)
            )
    counts.files_taken_over = sum(file.taken_over is not None for file in files)
    return counts


def _assemble(
    connection: duckdb.DuckDBPyConnection, pieces: list[Piece], table_path: Path, row_group_size: int
) -> tuple[int, list[str]]:
    """Give the pieces their names; a table of few rows becomes one file. Returns the number of rows and those names."""
    files, names = [piece.path for piece in pieces], []
    rows = sum(parquet_rows(file) for file in files)
    if len(files) > 1 and rows <= _ROW_GROUPS * row_group_size:
        write_parquet(connection, f"SELECT * FROM {files_sql(files)}", table_path)
    else:
        names = [file.name for file in named_files(table_path, files)]
    for folder in {file.parent for file in files}:
        shutil.rmtree(folder)
    return rows, names


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
    source = _Source(name, file, layout, _scanned(joined))
    target = data_set(table.data_set)
    drop_rejects(connection, _REJECTS)
    try:
        # To plan all columns, or a condition on the code, takes longer than to type some thousand records.
        typed, rows = _judged_rows(connection, source, snapshot_date, PROFILED_RECORDS, target.judged_by)
        grouped = connection.execute(
            f"SELECT code, COUNT(*), COUNT(DISTINCT {identity_sql(target)}) FROM {rows} GROUP BY code ORDER BY code"
        ).fetchall()
    except duckdb.InvalidInputException as problem:
        raise _not_a_table(source.name, problem) from None
    finally:
        drop_rejects(connection, _REJECTS)
    found = [group for group in grouped if group[0] != ANOTHER_DATA_SET]
    unusable: Counter[tuple[str, str]] = Counter()
    for code, rows, _ in found:
        if code is not None and code >= 0:  # several columns can be made of the same delivered one
            reason, column = typed.reasons[code]
            unusable[reason, source.delivered_name(column)] += rows
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


@dataclass(frozen=True)
class _FileRead:
    """Usable rows of one file, and the values lost in them by column.

    `places`: what the lines of its rows follow from; unknown where they were taken over from an earlier table.
    """

    pieces: list[Piece]
    unreadable: dict[str, int]
    places: tuple[RowsSetAside, Lines] | None = None
    taken_over: TakenOver | None = None


@dataclass(frozen=True)
class _Reading:
    """The reading of one data set: its files, and what they are read with."""

    connection: duckdb.DuckDBPyConnection
    delivery: AcceptedDelivery
    target: DataSet
    matched: Sequence[Match]
    collector: Collector
    scan: Callable[[str], TextFile]
    table_path: Path
    row_group_size: int

    def folder(self, number: int) -> Path:
        """Where the pieces of a file are until they get their names."""
        return self.table_path.with_name(f"read_{number}")

    def taken_over(self, number: int, earlier: Sequence[EarlierTable], origin: str) -> _FileRead | None:
        """One file's rows from an earlier table; its unusable rows are not yet in `quarantined_rows`."""
        taken = take_over(earlier, self.matched[number].name, origin, self.folder(number))
        if taken is None:
            return None
        pieces = [Piece(path, number, parquet_rows(path)) for path in taken.pieces]
        return _FileRead(pieces, taken.unreadable, taken_over=taken)

    def read(self, number: int) -> _FileRead:
        """Read one file once: usable rows into pieces of the table, the others into `quarantined_rows`."""
        connection, match = self.connection, self.matched[number]
        joined = {part: self.scan(path) for part, path in match.joined.items()}
        source = _Source(match.name, self.scan(match.name), layout_of(match.table), joined)
        drop_rejects(connection, _REJECTS)
        typed, rows = _judged_rows(connection, source, self.delivery.manifest.snapshot_date)
        listed = ", ".join(quoted(c) for c in canonical_columns(self.target.name))
        lost = [quoted("lost " + name) for name in typed.unreadable]
        statement = f"SELECT {listed} FROM {rows} WHERE {set_aside_sql('good_row', 'code', lost)}"
        if source.joined:
            statement += " ORDER BY good_row"  # a join need not keep the order
        try:
            written = write_parquet(
                connection,
                statement,
                self.folder(number),
                row_groups_per_file=_ROW_GROUPS,
                row_group_size=self.row_group_size,
            )
        except duckdb.InvalidInputException as problem:
            raise _not_a_table(source.name, problem) from None
        aside = self.collector.found(len(typed.unreadable))
        unreadable = {
            name: amount for name, amount in zip(typed.unreadable, aside.lost.tolist(), strict=True) if amount
        }
        records = written + len(aside.numbers)
        lines = quarantine_file(
            connection, source.name, source.file, source.layout, typed.reasons, aside, _REJECTS, records
        )
        drop_rejects(connection, _REJECTS)
        files = sorted(
            self.folder(number).glob("data_*.parquet"), key=lambda path: int(path.stem.removeprefix("data_"))
        )
        pieces = [Piece(file, number, parquet_rows(file)) for file in files]
        return _FileRead(pieces, unreadable, places=(aside, lines))


def _judged_rows(
    connection: duckdb.DuckDBPyConnection,
    source: _Source,
    snapshot_date: dt.date,
    limit: int | None = None,
    wanted: Set[str] | None = None,
) -> tuple[TypedColumns, str]:
    """SQL of the well-formed rows of one file, typed, with good_row, code (null: usable) and `lost <column>` counts.

    `limit`: of so many first rows; `wanted`: with these columns alone.
    """
    direction = source.layout.imd_one_means
    if direction == "label_else_most_deprived":
        direction = _said_direction(connection, source)
    blanks = max(file.blanks for file in (source.file, *source.joined.values()))
    # A file is judged by what it holds: that something could stand in for a column does not make it acceptable.
    typed = typed_columns(
        source.layout, source.locate, snapshot_date, direction, blanks, stand_ins=limit is None, wanted=wanted
    )
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
