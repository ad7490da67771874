"""The engine: run this SQL over these tables, write Parquet; fetch this small result.

What belongs here: the DuckDB connection settings, binding of table names, parameters and code lists,
sorted Parquet writing, and reading dependencies out of SQL. What does not: any rule of the audit.

SQL files name tables plainly (`people`), code lists with the schema `reference` (`reference.ethnicity`)
and parameters with a dollar sign (`$minimum_age`). All three are resolved here, so that the same text can
be rendered for another engine by sqlglot (tests render every file for Spark).
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import sqlglot
from sqlglot import exp

from naome_pipeline.errors import Refused
from naome_pipeline.reference import reference_path

REFERENCE_SCHEMA = "reference"
DIALECT = "duckdb"
# Rows of a row group: DuckDB's own choice.
ROW_GROUP_SIZE = 122_880
ParameterValue = str | int | float | dt.date


@dataclass(frozen=True)
class EngineSettings:
    """Bounds of one connection. Threads and memory come from the configuration, never from the machine."""

    threads: int = 2
    memory_limit: str = "4GB"
    scratch: Path = Path("/tmp")

    @classmethod
    def from_environment(cls, scratch: Path) -> EngineSettings:
        """`NAOME_THREADS` and `NAOME_MEMORY` (of a whole run) override the defaults (2 threads, 4GB)."""
        threads = os.environ.get("NAOME_THREADS") or str(cls.threads)
        memory = os.environ.get("NAOME_MEMORY") or cls.memory_limit
        if not re.fullmatch(r"[1-9][0-9]{0,2}", threads, re.ASCII):
            raise Refused(f"NAOME_THREADS is '{threads}'. What to do: set it to a whole number such as 2")
        if not re.fullmatch(r"[1-9][0-9]{0,8} ?([KMGT]i?B)", memory, re.IGNORECASE | re.ASCII):
            raise Refused(f"NAOME_MEMORY is '{memory}'. What to do: set it to a size such as 4GB or 500MB")
        return cls(threads=int(threads), memory_limit=memory, scratch=scratch)

    def divided(self, parts: int) -> EngineSettings:
        """The bounds of one of several connections that work at the same time: an equal part of the memory."""
        found = re.match(r"([0-9.]+)\s*(.*)", self.memory_limit)
        if found is None:
            raise Refused(f"{self.memory_limit} is no size. What to do: give one such as 4GB")
        return EngineSettings(self.threads, f"{float(found[1]) / parts:g}{found[2]}", self.scratch)

    def as_config(self) -> dict[str, str | bool | int | float | list[str]]:
        """The DuckDB settings: bounded, spilling to `scratch`, never reaching for the network."""
        return {
            "threads": str(self.threads),
            "memory_limit": self.memory_limit,
            "temp_directory": str(self.scratch),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "true",
            # DuckDB 2.0.0 fails with an internal error ("global dictionary column changed identity") where small chunks of
            # a table in several Parquet files are gathered behind a join: seen in `treatments` from 9 million rows on.
            "enable_caching_operators": "false",
        }


@contextmanager
def open_connection(settings: EngineSettings) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB connection with the settings, closed whatever happens."""
    connection = duckdb.connect(":memory:", config=settings.as_config())
    try:
        yield connection
    finally:
        connection.close()


@cache
def _database_of_the_process() -> duckdb.DuckDBPyConnection:
    # It lives as long as the process: what it has read of a file is not to be taken for what the file holds later.
    return duckdb.connect(
        ":memory:",
        config={
            "enable_external_file_cache": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )


def look_into_files() -> duckdb.DuckDBPyConnection:
    """A connection for a look into small Parquet files, to be used in a `with`; nothing is made in its database.

    One in-memory database serves the process: to open one takes 25 ms of CPU, and reports look into files some seventy times.
    """
    return _database_of_the_process().cursor()


@dataclass(frozen=True)
class TableReferences:
    """What a statement reads: tables of the lake, code lists and parameters, each sorted."""

    tables: tuple[str, ...]
    code_lists: tuple[str, ...]
    parameters: tuple[str, ...]


@cache
def _parsed(sql: str) -> exp.Expr:
    """One statement, parsed once: whoever changes it takes a copy. A node's text is read when its DAG is made and when it
    is built, and reading takes 30 ms."""
    return sqlglot.parse_one(sql, dialect=DIALECT)


@cache
def references_of(sql: str) -> TableReferences:
    """Read the dependencies of one statement from its text.

    Common table expressions are not dependencies. A sqlglot.ParseError says where the text is wrong.
    """
    tree = _parsed(sql)
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    tables = {t.name for t in tree.find_all(exp.Table) if t.name and not t.db and t.name not in own}
    lists = {t.name for t in tree.find_all(exp.Table) if t.db == REFERENCE_SCHEMA}
    names = {p.name for p in tree.find_all(exp.Parameter)} | {p.name for p in tree.find_all(exp.Placeholder)}
    return TableReferences(tuple(sorted(tables)), tuple(sorted(lists)), tuple(sorted(names)))


def bind_parameters(sql: str, values: Mapping[str, ParameterValue]) -> str:
    """The statement with every `$name` replaced by its literal; a KeyError names a missing one."""

    def replace(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Parameter | exp.Placeholder):
            return node
        value = values[node.name]
        if isinstance(value, dt.date):
            return exp.cast(exp.Literal.string(value.isoformat()), "date")
        return exp.convert(value)

    return _parsed(sql).transform(replace).sql(dialect=DIALECT)


class Engine:
    """One connection with named tables attached. Not thread-safe; one per step."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def attach(self, tables: Mapping[str, Path | pd.DataFrame]) -> None:
        """Make each Parquet file (or small frame) readable under its name."""
        for name, source in tables.items():
            if isinstance(source, pd.DataFrame):
                self.connection.register(name, source)
            else:
                run(
                    self.connection,
                    f"CREATE OR REPLACE VIEW {quoted(name)} AS SELECT * FROM read_parquet({literal(source)})",
                )

    def attach_code_lists(self, names: tuple[str, ...]) -> None:
        """Make code lists readable as `reference.<name>`, every column text, an empty field null."""
        run(self.connection, f"CREATE SCHEMA IF NOT EXISTS {REFERENCE_SCHEMA}")
        for name in names:
            run(
                self.connection,
                f"CREATE OR REPLACE VIEW {REFERENCE_SCHEMA}.{quoted(name)} AS SELECT * FROM read_csv("
                f"{literal(reference_path(name))}, header = true, all_varchar = true, delim = ',', quote = '\"')",
            )

    def prepare(self, sql: str, values: Mapping[str, ParameterValue]) -> str:
        """Attach the code lists a statement reads and bind its parameters; returns runnable text."""
        self.attach_code_lists(references_of(sql).code_lists)
        return bind_parameters(sql, values)

    def write(self, statement: str, destination: Path) -> int:
        """Run a prepared statement, write it sorted as zstd Parquet, return the number of rows.

        The order is total (all columns), so that equal content gives equal bytes.
        """
        destination.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(self.connection, f"SELECT * FROM ({statement}) ORDER BY ALL", destination)
        return self.count(destination)

    def count(self, table: Path) -> int:
        """Rows of one Parquet file, from its footer."""
        rows = self.connection.execute(f"SELECT COUNT(*) FROM read_parquet({literal(table)})").fetchall()
        return int(rows[0][0])

    def fetch(self, statement: str) -> pd.DataFrame:
        """The result of a statement that is known to be small."""
        return self.connection.execute(statement).fetchdf()


def run(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Run a statement to its end: a result that nobody fetched keeps the connection busy."""
    connection.execute(statement).fetchall()


def write_parquet(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    destination: Path,
    *,
    row_groups_per_file: int | None = None,
    row_group_size: int = ROW_GROUP_SIZE,
) -> int:
    """Write the rows of a statement in their order as zstd Parquet; returns their number.

    With `row_groups_per_file` the destination becomes a folder of files `data_<n>.parquet`; a row group has about
    `row_group_size` rows.
    """
    pieces = f", ROW_GROUPS_PER_FILE {row_groups_per_file}" if row_groups_per_file else ""
    pieces += f", ROW_GROUP_SIZE {row_group_size}"
    written = connection.execute(
        f"COPY ({statement}) TO {literal(destination)} (FORMAT parquet, COMPRESSION zstd{pieces})"
    ).fetchall()
    return int(written[0][0])


def quoted(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"
