"""A delivered text file as bytes: its encoding, delimiter, header, line ends, and the DuckDB reader for it.

What belongs here: everything that is detected rather than configured. What does not: which data set a file holds
(`recognition.py`) or what its values mean (`typing_sql.py`). Nothing here changes a file.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TypeVar

import duckdb
import numpy as np
from numpy.typing import NDArray

from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.engine import literal, quoted

DELIMITERS = ("|", "\t", ";", ",")
DELIMITER_NAMES = {"|": "pipe", "\t": "tab", ";": "semicolon", ",": "comma"}
# What numpy makes of a piece of this size stays in the processor's cache.
_CHUNK = 256 * 1024
FILES_AT_A_TIME = 2
_HEADER_BYTES = 1024 * 1024
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Header:
    """The first line of a file: delimiter and column names, trimmed, as written."""

    delimiter: str
    names: tuple[str, ...]

    def position(self, name: str) -> int | None:
        """Where a column is, any case; the first one when the name occurs twice."""
        wanted = name.strip().lower()
        return next((i for i, n in enumerate(self.names) if n.lower() == wanted), None)


class Blanks(IntEnum):
    """Which blanks can stand at the ends of a file's values: the fewer, the quicker the file is read."""

    LEADING_SPACES = 0
    """None behind a value, only spaces before one."""
    SPACES = 1
    """No other than the space."""
    ANY = 2


@dataclass(frozen=True)
class TextFile:
    """What one pass over the bytes of a file says.

    `blanks`: which blanks a value can have at its ends (`Blanks`).
    """

    path: Path
    header: Header
    sha256: str
    size: int
    encoding: str
    line_ends: int
    carriage_returns: int
    has_nul: bool
    ends_complete: bool
    is_utf16: bool
    blanks: Blanks

    @property
    def lines(self) -> int:
        """Physical lines, the header counted, an unfinished last line too."""
        return self.line_ends + (0 if self.ends_complete or not self.size else 1)

    @property
    def mixed_line_ends(self) -> bool:
        """Some lines end in CR LF and some in LF alone."""
        return 0 < self.carriage_returns < self.line_ends


def read_header(path: Path) -> Header:
    """Delimiter and column names from the first line.

    The delimiter is the one that splits the line into most fields: published headers hold none inside a name.
    """
    with path.open("rb") as stream:
        start = stream.readline(_HEADER_BYTES)
    lines = start.removeprefix(codecs.BOM_UTF8).decode("latin-1").splitlines()
    line = lines[0] if lines else ""
    splits = {d: next(csv.reader([line], delimiter=d), []) for d in DELIMITERS}
    best = max(DELIMITERS, key=lambda d: len(splits[d]))
    return Header(best, tuple(name.strip() for name in splits[best]))


def scan_file(path: Path) -> TextFile:
    """Read a file once: hash, encoding, line ends. Valid UTF-8 is UTF-8, anything else is read as latin-1."""
    header = read_header(path)
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8, whole, nul, blanks = True, True, False, Blanks.LEADING_SPACES
    size = line_ends = returns = all_returns = 0
    tail = start = b""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            start = start or chunk[:2]
            digest.update(chunk)
            size += len(chunk)
            line_ends += int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord("\n")))
            if b"\r" in chunk or tail == b"\r":
                returns += chunk.count(b"\r\n") + (tail == b"\r" and chunk.startswith(b"\n"))
                all_returns += chunk.count(b"\r")
            nul = nul or b"\0" in chunk
            if blanks < Blanks.ANY:
                blanks = _blanks(tail + chunk, header.delimiter, blanks)
            # ASCII is UTF-8, and is told apart ten times faster; what an earlier piece left unfinished is not ASCII.
            if utf8 and not (whole and chunk.isascii()):
                utf8 = _decodes(decoder, chunk)
                whole = not decoder.getstate()[0]
            tail = chunk[-1:]
    if all_returns != returns:
        blanks = Blanks.ANY
    elif tail == b" ":
        blanks = max(blanks, Blanks.SPACES)
    return TextFile(
        path=path,
        header=header,
        sha256=digest.hexdigest(),
        size=size,
        encoding="utf-8" if utf8 and _decodes(decoder, b"", final=True) else "latin-1",
        line_ends=line_ends,
        carriage_returns=returns,
        has_nul=nul,
        ends_complete=tail.endswith(b"\n"),
        is_utf16=start in _UTF16_MARKS,
        blanks=blanks,
    )


def some_at_a_time(
    look: Callable[[Item], Found], items: Iterable[Item], interrupt: Callable[[], None] = lambda: None
) -> list[Found]:
    """What a function makes of every item, in their order, two at a time: hashing and DuckDB work beside the interpreter, and a
    disk is kept busy.

    When one fails or the user interrupts, no further one is begun, `interrupt` is to end those that run, and none runs any
    more when this raises.
    """
    with ThreadPoolExecutor(FILES_AT_A_TIME) as pool:
        try:
            return list(pool.map(look, items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            interrupt()
            raise


def copy_hashed(source: Path, copy: Path) -> str:
    """Copy a file in one pass over its bytes; the SHA-256 of what was written."""
    digest = hashlib.sha256()
    with source.open("rb") as stream, copy.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def _blanks(data: bytes, delimiter: str, known: Blanks) -> Blanks:
    """The blanks at the ends of the values of a file, of which a piece is given and something is known already.

    Before a value all blanks are seen when it is read. A value may end with another blank than the space where there is a
    tab, a no-break space, or a quote behind a line end.
    """
    if b"\xa0" in data or (delimiter != "\t" and b"\t" in data):
        return Blanks.ANY
    codes = np.frombuffer(data, np.uint8)
    if b'"' in data and _any_of(codes[_places(codes[1:], '"')], "\n\r\t"):
        return Blanks.ANY
    if known == Blanks.LEADING_SPACES and _any_of(codes[_places(codes[:-1], " ") + 1], delimiter + '"\r\n'):
        return Blanks.SPACES
    return known


def _places(codes: NDArray[np.uint8], character: str) -> NDArray[np.int64]:
    return np.flatnonzero(codes == ord(character))


def _any_of(codes: NDArray[np.uint8], characters: str) -> bool:
    return any(bool((codes == ord(character)).any()) for character in characters)


def lines_at(file: TextFile, numbers: NDArray[np.int64]) -> list[str]:
    """The text of some physical lines, numbered from 1 and sorted, without line ends."""
    found: list[str] = []
    first, left = 1, b""
    with file.path.open("rb") as stream:
        while len(found) < len(numbers):
            chunk = stream.read(_CHUNK)
            data = left + (chunk or b"\n")
            ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
            starts = np.concatenate([[0], ends + 1])
            here = numbers[len(found) : np.searchsorted(numbers, first + len(ends))] - first
            found += [
                data[start:end].removesuffix(b"\r").decode(file.encoding, "replace")
                for start, end in zip(starts[here].tolist(), ends[here].tolist(), strict=True)
            ]
            first, left = first + len(ends), data[starts[-1] :]
            if not chunk:
                break
    return found


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def reader_sql(file: TextFile, rejects: str) -> str:
    """The DuckDB table function that reads the file as text columns `c0`, `c1`, … in file order.

    Lines with the wrong number of fields go to the temporary table `rejects` and do not stop the reading. Strict
    parsing refuses files with mixed line ends, so those are read leniently.
    """
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(file.header.names)))
    return (
        f"read_csv({literal(file.path)}, auto_detect = false, header = true, columns = {{{columns}}}, "
        f"delim = {literal(file.header.delimiter)}, quote = '\"', escape = '\"', encoding = '{file.encoding}', "
        f"strict_mode = {'false' if file.mixed_line_ends else 'true'}, store_rejects = true, "
        f"rejects_table = {literal(rejects)}, rejects_scan = {literal(rejects + '_scan')})"
    )


def drop_rejects(connection: duckdb.DuckDBPyConnection, rejects: str) -> None:
    """Forget the rejected lines of an earlier reading."""
    for table in (rejects, rejects + "_scan"):
        connection.execute(f"DROP TABLE IF EXISTS {quoted(table)}")


@dataclass(frozen=True)
class RecordCount:
    """Records of a file as the reader sees them."""

    good: int
    malformed: int

    @property
    def total(self) -> int:
        """All records, the header not counted."""
        return self.good + self.malformed


def count_records(connection: duckdb.DuckDBPyConnection, file: TextFile) -> RecordCount:
    """Count records without keeping any; DeliveryError when the file cannot be read as a table at all."""
    if not file.header.names:
        return RecordCount(0, 0)
    drop_rejects(connection, "counted_rejects")
    try:
        good = _single(connection, f"SELECT COUNT(*) FROM {reader_sql(file, 'counted_rejects')}")
        malformed = _single(connection, "SELECT COUNT(DISTINCT line) FROM counted_rejects")
    except duckdb.Error as problem:
        # The driver's message may quote the offending line, which is patient data.
        raise DeliveryError(
            f"{file.path.name} cannot be read as a delimited table ({type(problem).__name__}): "
            "open it in an editor and compare its lines with its header"
        ) from None
    finally:
        drop_rejects(connection, "counted_rejects")
    return RecordCount(good, malformed)


def _single(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    # The tables of rejects appear when a result has been fetched to its end: fetchone() is not enough.
    return int(connection.execute(sql).fetchall()[0][0])
