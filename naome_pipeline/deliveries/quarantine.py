"""Quarantine: unusable rows with their file, physical line and reason, and the rows that only repeat others.

What belongs here: where a row goes that cannot be used, and which line it stood on. What does not: typing values
(`typing_sql.py`) or the order of reading (`reading.py`, which makes the tables these functions work on).
"""

from __future__ import annotations

import duckdb

from naome_pipeline.deliveries.layouts import DataSet, TableLayout, canonical_columns
from naome_pipeline.engine import literal, quoted, run

MALFORMED, TRAILER = "malformed_line", "trailer_line"
DUPLICATE_ROW, DUPLICATE_KEY = "duplicate_row", "duplicate_key"


def create_quarantine(connection: duckdb.DuckDBPyConnection) -> None:
    """The empty table `quarantined_rows`."""
    run(
        connection,
        "CREATE OR REPLACE TABLE quarantined_rows (file VARCHAR, line BIGINT, data_set VARCHAR, reason VARCHAR, "
        '"column" VARCHAR, record VARCHAR)',
    )


def quarantine_file(
    connection: duckdb.DuckDBPyConnection, number: int, name: str, layout: TableLayout, rejects: str
) -> None:
    """Malformed lines and unusable rows of one file, with their physical lines.

    A good row stands behind the header and every rejected line before it. The i-th rejected line (from 0), at physical
    line L, has L - 2 - i good rows before it, so the good rows with a larger number come after it.
    """
    start = layout.trailer_starts_with
    trailer = f"STARTS_WITH(UPPER(TRIM(csv_line)), {literal(start.upper())})" if start else "FALSE"
    run(
        connection,
        "CREATE OR REPLACE TEMP TABLE rejected AS SELECT line, ANY_VALUE(csv_line) AS csv_line, "
        f"ROW_NUMBER() OVER (ORDER BY line) AS place FROM {rejects} GROUP BY line",
    )
    file, data = literal(name), literal(layout.data_set)
    run(
        connection,
        f"INSERT INTO quarantined_rows SELECT {file}, line, {data}, CASE WHEN {trailer} THEN '{TRAILER}' ELSE "
        f"'{MALFORMED}' END, NULL, csv_line FROM rejected",
    )
    run(
        connection,
        "CREATE OR REPLACE TEMP TABLE shifts AS SELECT line - 1 - place AS rows_before, MAX(place) AS lines "
        "FROM rejected GROUP BY 1",
    )
    run(
        connection,
        f"INSERT INTO quarantined_rows SELECT {file}, q.good_row + 1 + COALESCE(s.lines, 0), {data}, q.reason, "
        "q.at_column, q.record FROM (SELECT * FROM typed_rows WHERE reason IS NOT NULL) AS q "
        "ASOF LEFT JOIN shifts AS s ON q.good_row > s.rows_before",
    )
    # Duplicates are found later: their lines need the shifts of their file.
    run(
        connection,
        "CREATE TABLE IF NOT EXISTS all_shifts (file_number INTEGER, rows_before BIGINT, lines BIGINT)",
    )
    run(connection, f"DELETE FROM all_shifts WHERE file_number >= {number}")
    run(connection, f"INSERT INTO all_shifts SELECT {number}, rows_before, lines FROM shifts")


def find_duplicates(
    connection: duckdb.DuckDBPyConnection, target: DataSet, files: list[str], *, repeats_expected: bool
) -> None:
    """Keep one row per key (the first, or the earliest by the data set's rule); the others go to quarantine.

    Keys that repeat are found by hash first, so that only their rows are compared value by value.
    """
    columns = [quoted(c) for c in canonical_columns(target.name)]
    whole = ", ".join(columns)
    key = ", ".join(quoted(c) for c in target.key) if target.key else whole
    order = f"{quoted(target.keep_earliest)} NULLS LAST, " if target.keep_earliest else ""
    order += "file_number, good_row"
    run(
        connection,
        f"CREATE OR REPLACE TABLE duplicates AS WITH repeated AS (SELECT HASH({key}) AS h FROM staged_rows GROUP BY 1 "
        f"HAVING COUNT(*) > 1), suspects AS (SELECT * FROM staged_rows WHERE HASH({key}) IN (SELECT h FROM repeated)) "
        f"SELECT *, ROW_NUMBER() OVER (PARTITION BY {whole} ORDER BY {order}) > 1 AS repeats_row FROM suspects "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {order}) > 1",
    )
    record = ", ".join(f"{column} := {column}" for column in columns)
    names = f"[{', '.join(literal(name) for name in files)}]"
    kept_quiet = "WHERE NOT d.repeats_row" if repeats_expected else ""
    run(
        connection,
        f"INSERT INTO quarantined_rows SELECT {names}[d.file_number + 1], d.good_row + 1 + COALESCE(s.lines, 0), "
        f"{literal(target.name)}, CASE WHEN d.repeats_row THEN '{DUPLICATE_ROW}' ELSE '{DUPLICATE_KEY}' END, NULL, "
        f"CAST(TO_JSON(STRUCT_PACK({record})) AS VARCHAR) FROM duplicates AS d ASOF LEFT JOIN all_shifts AS s "
        f"ON d.file_number = s.file_number AND d.good_row > s.rows_before {kept_quiet}",
    )
    run(connection, "DROP TABLE IF EXISTS all_shifts")
    run(
        connection,
        "CREATE OR REPLACE VIEW usable_rows AS SELECT * FROM staged_rows ANTI JOIN "
        "(SELECT file_number, good_row FROM duplicates) AS d USING (file_number, good_row)",
    )
