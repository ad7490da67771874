"""The Parquet files of one table: `table.parquet`, or the numbered pieces of a large one, `table_0001.parquet` and so on.

What belongs here: naming, finding, counting and hashing them. What does not: where tables lie (`lake.py`).

Pieces are read together, in the order of their names: `read_parquet('.../table_*.parquet')`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TABLE_FILE = "table.parquet"
PIECES = "table_*.parquet"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def table_path(folder: Path) -> Path:
    """What to read: the one file of a table, or the pattern of its pieces."""
    whole = folder / TABLE_FILE
    return folder / PIECES if not whole.is_file() and any(folder.glob(PIECES)) else whole


def table_files(table: Path) -> list[Path]:
    """The files of a table that is given by its file or by the pattern of its pieces, in order."""
    return sorted(table.parent.glob(table.name)) if "*" in table.name else [table]


def named_files(whole: Path, files: Sequence[Path]) -> list[Path]:
    """Give the files of a table their names: one becomes `whole`, several become pieces beside it."""
    names = [whole]
    if len(files) > 1:
        names = [whole.with_name(f"{whole.stem}_{n:04d}{whole.suffix}") for n in range(1, len(files) + 1)]
    return [file.rename(name) for file, name in zip(files, names, strict=True)]


def parquet_rows(file: Path) -> int:
    """Rows of one Parquet file, from its footer."""
    return pq.ParquetFile(file).metadata.num_rows


def table_columns(table: Path) -> list[list[str]]:
    """Name and Arrow type of every column."""
    schema: pa.Schema = pq.read_schema(table_files(table)[0])
    return [[field.name, str(field.type)] for field in schema]


def table_sha256(hashes: Sequence[str]) -> str:
    """The SHA-256 of a table by those of its files: that of the one file, or one over those of the pieces."""
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
