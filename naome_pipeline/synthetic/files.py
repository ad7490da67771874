"""Writing the files of a delivery: lines built and written by DuckDB, in the file's own delimiter and encoding.

A file has two parts, in this order: records made in memory, and rows of ordinary life that DuckDB makes up while it
writes. One record is one physical line, so the line of any row is known beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from naome_pipeline.engine import literal, run
from naome_pipeline.synthetic.dirt import MALFORMED
from naome_pipeline.synthetic.formats import FileFormat

_CHUNK = 1 << 22


@dataclass(frozen=True)
class Background:
    """Rows of ordinary life: a query, and the expressions of the published columns over it.

    `malformed` is an expression that is 1 or 2 for lines with too few or too many fields, else 0.
    """

    query: str
    columns: dict[str, str]
    malformed: str
    rows: int


def date_text(expression: str, form: FileFormat) -> str:
    """The SQL that writes a date as the file does."""
    text = f"strftime({expression}, {literal(form.dates)})"
    return f"upper({text})" if form.upper_dates else text


def write_file(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    form: FileFormat,
    frame: pd.DataFrame,
    background: Background | None,
) -> int:
    """Write one file; the number of records in it, a trailer counted."""
    rows = len(frame) + (background.rows if background else 0) + (1 if form.trailer else 0)
    connection.register("frame", frame)
    parts = [f"SELECT {literal(form.delimiter.join(form.header))} AS line"]
    parts.append(f"SELECT {_line(form, _expressions(frame, form), _malformed(frame))} AS line FROM frame")
    if background and background.rows:
        parts.append(
            f"SELECT {_line(form, background.columns, background.malformed)} AS line FROM ({background.query})"
        )
    if form.trailer:
        parts.append(f"SELECT {literal(f'{form.trailer}{form.delimiter}{rows - 1}')} AS line")
    staged = path.with_name(path.name + ".part")
    run(
        connection,
        f"COPY ({' UNION ALL '.join(parts)}) TO {literal(staged)} "
        "(FORMAT csv, HEADER false, DELIMITER E'\\x01', QUOTE '', ESCAPE '')",
    )
    connection.unregister("frame")
    _encode(staged, path, form.encoding)
    return rows


def _expressions(frame: pd.DataFrame, form: FileFormat) -> dict[str, str]:
    found = {}
    for name in frame.columns:
        if name.startswith("!"):
            continue
        quoted = '"' + name + '"'
        kind = frame[name].dtype.kind
        text = date_text(quoted, form) if kind == "M" else f"CAST({quoted} AS VARCHAR)"
        instead = f'"!{name}"'
        found[name] = f"COALESCE({instead}, {text})" if f"!{name}" in frame.columns else text
    return found


def _malformed(frame: pd.DataFrame) -> str:
    return f'"{MALFORMED}"' if MALFORMED in frame.columns else "0"


def _line(form: FileFormat, columns: dict[str, str], malformed: str) -> str:
    """The SQL of a whole line: every published column in its place, most of them empty."""
    if surplus := set(columns) - set(form.header) - {"FYEAR"}:
        raise ValueError(f"not columns of {form.data_set} {form.version}: {sorted(surplus)}")
    pieces: list[str] = []
    constant = ""
    for position, name in enumerate(form.header):
        constant += form.delimiter if position else ""
        if name in columns:
            if constant:
                pieces.append(literal(constant))
            pieces.append(f"COALESCE({columns[name]}, '')")
            constant = ""
    if constant:
        pieces.append(literal(constant))
    whole = " || ".join(pieces)
    if malformed == "0":
        return whole
    first = f"COALESCE({columns[next(n for n in form.header if n in columns)]}, '')"
    short = f"{first} || {literal(form.delimiter + 'broken off')}"
    long = f"{whole} || {literal(form.delimiter + 'surplus' + form.delimiter + 'field')}"
    return f"CASE {malformed} WHEN 1 THEN {short} WHEN 2 THEN {long} ELSE {whole} END"


def _encode(staged: Path, path: Path, encoding: str) -> None:
    """Put the file in place; DuckDB writes UTF-8, so other encodings are rewritten in pieces."""
    if encoding == "utf-8":
        staged.replace(path)
        return
    with (
        staged.open(encoding="utf-8", newline="") as source,
        path.open("w", encoding=encoding, newline="") as target,
    ):
        while piece := source.read(_CHUNK):
            target.write(piece)
    staged.unlink()
