"""Checking: everything that is wrong with a delivery, found without taking it in and without changing anything.

What belongs here: findings about files, columns and shares of rows. What does not: single unusable rows, which go to
quarantine when the delivery is read (`reading.py`), and completeness against earlier releases (`expectations/`).

No finding holds a value of a record.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np

from naome_pipeline.deliveries import layouts
from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.layouts import MAIN, BundleTable, data_set
from naome_pipeline.deliveries.manifest import (
    MANIFEST_FILE,
    DeliveryFile,
    Manifest,
    data_files,
    read_manifest,
)
from naome_pipeline.deliveries.reading import FileProfile, profile_file
from naome_pipeline.deliveries.recognition import accepted_names, layout_of, missing_required, recognise
from naome_pipeline.deliveries.text_files import (
    DELIMITER_NAMES,
    Header,
    TextFile,
    count_records,
    lines_at,
    read_header,
    scan_file,
    some_at_a_time,
)
from naome_pipeline.periods import parse_period

# A file of which more than this share is unusable is a wrong file, not a dirty one (our assumption). Below it the gate of
# the source judges, with the figures and the expectation's name, and an earlier release stays.
REFUSED_SHARE = 0.5
# Below this number of records a share says nothing.
FEWEST_RECORDS = 20
# So many lines inside quoted values are no addresses or remarks any more: a quote was opened and not closed.
QUOTED_SHARE = 0.01
_MOST_NAMED = 5
# No column of any layout begins with a digit; identifiers and dates do.
_VALUE = re.compile(r"^\W*\d")


@dataclass(frozen=True)
class Finding:
    """One thing to know about a delivery: the file, where in it, what, and whether it refuses the delivery."""

    file: str
    where: str
    message: str
    refuses: bool

    def __str__(self) -> str:
        place = f"{self.file}, {self.where}" if self.where else self.file
        return f"{'refused' if self.refuses else 'note'}: {place}: {self.message}"


@dataclass(frozen=True)
class Report:
    """All findings about a delivery."""

    findings: tuple[Finding, ...]
    files: int
    scans: Mapping[str, TextFile] = field(default_factory=dict)
    """What a pass over the bytes of each file said, by its path."""

    @property
    def acceptable(self) -> bool:
        """Whether `naome receive` would take the delivery."""
        return not any(finding.refuses for finding in self.findings)

    @property
    def summary(self) -> str:
        """One line for the end of the list."""
        refusals = sum(finding.refuses for finding in self.findings)
        notes = len(self.findings) - refusals
        if refusals:
            return f"not acceptable: {refusals} to mend, {notes} to know"
        return f"acceptable: {self.files} files, {notes} to know"


def check_delivery(directory: Path) -> Report:
    """Check a delivery folder. Never raises for what is in the folder; reads files and changes nothing."""
    if not directory.is_dir():
        finding = Finding(str(directory), "", "there is no such folder; give the folder of a delivery", True)
        return Report((finding,), 0)
    try:
        manifest = read_manifest(directory)
        layouts.delivered_feed(manifest.feed)
        layouts.bundle(manifest.layout)
        period = parse_period(manifest.feed, manifest.period)
    except DeliveryError as problem:
        return Report((Finding(MANIFEST_FILE, "", str(problem), True),), 0)
    except ValueError as problem:
        return Report((Finding(MANIFEST_FILE, "period", str(problem), True),), 0)
    scans: dict[str, TextFile] = {}
    findings = [
        *_dates(manifest, period.end),
        *_listing(directory, manifest),
        *_contents(directory, manifest, scans),
        *_completeness(manifest),
        *_ends(manifest),
    ]
    return Report(tuple(findings), len(manifest.files), scans)


def _dates(manifest: Manifest, period_end: dt.date) -> Iterator[Finding]:
    """Everybody without a record of death counts as followed up to the snapshot: it must have been taken."""
    # The clocks of two machines, in two time zones.
    latest = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    if manifest.snapshot_date > latest:
        message = f"{manifest.snapshot_date} lies in the future; give the day on which the data were drawn"
        yield Finding(MANIFEST_FILE, "snapshot_date", message, True)
    if period_end > manifest.snapshot_date:
        message = (
            f"{manifest.period} ends on {period_end}, after the snapshot of {manifest.snapshot_date}; give the period that "
            "the data are of"
        )
        yield Finding(MANIFEST_FILE, "period", message, True)


def _listing(directory: Path, manifest: Manifest) -> Iterator[Finding]:
    there = set(data_files(directory))
    listed = {file.path for file in manifest.files}
    for name in sorted(listed - there):
        yield Finding(
            name, "", f"listed in {MANIFEST_FILE} but not in the folder; send it, or list what is there", True
        )
    for name in sorted(there - listed):
        advice = "make the manifest again (naome manifest) or move the file out"
        yield Finding(name, "", f"in the folder but not in {MANIFEST_FILE}; {advice}", True)


def _ends(manifest: Manifest) -> Iterator[Finding]:
    """What the manifest says about data sets that end before the snapshot."""
    delivered = {name for file in manifest.files for name in file.data_sets}
    spine = layouts.feed(manifest.feed).spine
    for name, day in manifest.complete_to.items():
        if name not in delivered:
            problem = "no file of it is in the delivery; name a data set that is, or take the line out"
        elif name == spine:
            problem = "registrations have to reach the end of the period; send what there is under the period it reaches"
        elif day > manifest.snapshot_date:
            problem = (
                f"{day} is after the snapshot of {manifest.snapshot_date}; give the last day with all records"
            )
        else:
            continue
        yield Finding(MANIFEST_FILE, f"complete_to.{name}", problem, True)


def _completeness(manifest: Manifest) -> Iterator[Finding]:
    feed = layouts.feed(manifest.feed)
    delivered = {name for file in manifest.files for name in file.data_sets}
    if feed.spine not in delivered:
        message = f"no file of {feed.spine}; only these data sets will be read, and no cohort can be made"
        yield Finding(MANIFEST_FILE, "files", message, False)
    for name in feed.expected:
        if name not in delivered:
            lost = (
                "without it part of the cohort is not found, and no indicator will be available"
                if name in feed.evidence
                else "indicators that rest on it will not be available"
            )
            message = f"no file of {name}; {lost}"
            yield Finding(MANIFEST_FILE, "files", message, False)


def _contents(directory: Path, manifest: Manifest, scans: dict[str, TextFile]) -> Iterator[Finding]:
    """Findings about each file; what is known of it goes to `scans`."""
    present = [file for file in manifest.files if (directory / file.path).is_file()]
    bundle = layouts.bundle(manifest.layout)
    headers = {file.path: read_header(directory / file.path) for file in present}
    recognised = recognise(bundle, headers, {file.path: file.data_set for file in present})
    joined = {
        (table.data_set, table.part): directory / name
        for name, tables in recognised.items()
        for table in tables or ()
        if table.part != MAIN
    }
    with duckdb.connect(":memory:") as database:
        running: set[duckdb.DuckDBPyConnection] = set()

        def look(file: DeliveryFile) -> tuple[TextFile, list[Finding]]:
            tables, text = recognised[file.path], scan_file(directory / file.path)
            # A connection of its own: what a reader rejects goes to tables with fixed names.
            with database.cursor() as connection:
                running.add(connection)
                try:
                    return text, list(_of_file(connection, file, text, tables, joined, manifest))
                finally:
                    running.discard(connection)

        def interrupt() -> None:
            for connection in list(running):
                # One that has just ended is closed.
                with suppress(duckdb.Error):
                    connection.interrupt()

        looked_at = some_at_a_time(look, present, interrupt)
    for file, (text, findings) in zip(present, looked_at, strict=True):
        scans[file.path] = text
        yield from findings


def _of_file(
    connection: duckdb.DuckDBPyConnection,
    file: DeliveryFile,
    text: TextFile,
    tables: tuple[BundleTable, ...] | None,
    joined: dict[tuple[str, str], Path],
    manifest: Manifest,
) -> Iterator[Finding]:
    yield from _bytes(file, text)
    if not _is_table(text):
        return
    yield from _header(file, text, tables, manifest.layout)
    yield from _records(connection, file, text, tables or ())
    if tables and not any(missing_required(layout_of(t), text.header, t.part) for t in tables):
        mains = [t for t in tables if t.part == MAIN]
        yield from _values(connection, file, text, mains, joined, manifest)


def _bytes(file: DeliveryFile, text: TextFile) -> Iterator[Finding]:
    if text.size == 0:
        yield Finding(file.path, "", "the file is empty; send it again", True)
        return
    if text.sha256 != file.sha256:
        message = (
            f"its SHA-256 is not the one in {MANIFEST_FILE}: the file changed or was cut off after the manifest was "
            "made; send it again, or make the manifest again if the file is right"
        )
        yield Finding(file.path, "", message, True)
    if text.is_utf16:
        yield Finding(file.path, "encoding", "the file is UTF-16; save it as UTF-8 or latin-1", True)
    elif text.has_nul:
        message = "the file is binary (it has zero bytes); send it as delimited text"
        yield Finding(file.path, "", message, True)
    elif not text.ends_complete:
        message = "the last line does not end with a line end: the file may have been cut off"
        yield Finding(file.path, f"line {text.lines}", message, False)


def _is_table(text: TextFile) -> bool:
    return text.size > 0 and not text.has_nul and not text.is_utf16


def _header(
    file: DeliveryFile, text: TextFile, tables: tuple[BundleTable, ...] | None, layout: str
) -> Iterator[Finding]:
    header = text.header
    if len(header.names) <= 1:
        named = ", ".join(DELIMITER_NAMES.values())
        message = f"no delimiter is in the header; columns must be separated by one of: {named}"
        yield Finding(file.path, "line 1", message, True)
        return
    repeated = sorted({name for name in header.names if name and header.names.count(name) > 1})
    if _is_a_record(header):
        message = "looks like a record, not like names of columns, which are therefore not quoted: was the header left out?"
        yield Finding(file.path, "line 1", message, False)
        repeated = []
    for name in repeated:
        yield Finding(file.path, f"column {name}", "the header has this column twice; keep one", True)
    if tables is None:
        message = f"not recognised as a file of layout {layout}; name it after its data set or choose another layout"
        yield Finding(file.path, "line 1", message, True)
        return
    for table in tables:
        missing = missing_required(layout_of(table), header, table.part)
        for column, names in missing.items():
            yield Finding(
                file.path, f"column {names[0] if names else column}", _missing(column, names, header), True
            )
    yield from _unknown_columns(file, header, tables)


def _is_a_record(header: Header) -> bool:
    """Whether the first line holds values: then its "names" may be a person's."""
    return any(_VALUE.search(name) for name in header.names)


def _missing(column: str, names: tuple[str, ...], header: Header) -> str:
    wanted = " or ".join(names[:_MOST_NAMED]) or column
    near = [
        close
        for name in names
        for close in difflib.get_close_matches(
            name.lower(), [n.lower() for n in header.names], n=1, cutoff=0.75
        )
    ]
    hint = f"; is '{near[0]}' meant?" if near else ""
    delimiter = DELIMITER_NAMES[header.delimiter]
    return (
        f"required and not in the header ({len(header.names)} columns separated by {delimiter}); "
        f"it must be there as {wanted}{hint}"
    )


def _unknown_columns(
    file: DeliveryFile, header: Header, tables: tuple[BundleTable, ...]
) -> Iterator[Finding]:
    if not tables:
        return
    known = {name for t in tables for name in accepted_names(layout_of(t), t.part)}
    known |= {name.lower() for t in tables for name in layout_of(t).published_columns(t.part)}
    strange = [name or "(no name)" for name in header.names if name.lower() not in known]
    if strange and not _is_a_record(header):
        more = f" and {len(strange) - _MOST_NAMED} more" if len(strange) > _MOST_NAMED else ""
        message = f"not in the published layout, will not be read: {', '.join(strange[:_MOST_NAMED])}{more}"
        yield Finding(file.path, f"column {strange[0]}", message, False)


def _records(
    connection: duckdb.DuckDBPyConnection, file: DeliveryFile, text: TextFile, tables: tuple[BundleTable, ...]
) -> Iterator[Finding]:
    try:
        counted = count_records(connection, text)
    except DeliveryError as problem:
        yield Finding(file.path, "", str(problem), True)
        return
    if counted.total != file.rows:
        message = f"{counted.total} records, but {MANIFEST_FILE} says {file.rows}; send the complete file"
        yield Finding(file.path, "rows", message, True)
    inside = text.lines - 1 - counted.total
    if inside > 0:
        refuses = inside >= FEWEST_RECORDS and inside > QUOTED_SHARE * text.lines
        advice = '; a quote (") that is not closed swallows the lines behind it: send the file again with it closed or doubled'
        message = f"{inside} of its {text.lines} lines are empty or inside quoted values"
        yield Finding(file.path, "rows", message + (advice if refuses else ""), refuses)
    yield from _trailer(file, text, tables, counted.total)
    if counted.total == 0:
        yield Finding(file.path, "rows", "there is a header and no record", True)
    if counted.malformed:
        share = counted.malformed / counted.total
        refuses = share > REFUSED_SHARE and counted.total >= FEWEST_RECORDS
        message = (
            f"{counted.malformed} of {counted.total} lines have the wrong number of fields{_fate(refuses)}"
        )
        yield Finding(file.path, "rows", message, refuses)


def _trailer(
    file: DeliveryFile, text: TextFile, tables: tuple[BundleTable, ...], records: int
) -> Iterator[Finding]:
    """What the file says of itself in its last line: how many records it has."""
    for start in {layout_of(t).trailer_starts_with for t in tables} - {None}:
        [last] = lines_at(text, np.array([text.lines]))
        if last.upper().startswith(str(start).upper()) and (
            stated := re.search(r"\d+", last[len(str(start)) :])
        ):
            there = records - 1
            if int(stated[0]) != there:
                message = f"its last line says that it has {int(stated[0])} records, it has {there}; send the complete file"
                yield Finding(file.path, f"line {text.lines}", message, True)


def _fate(refuses: bool) -> str:
    return "; that is no dirt but a wrong file" if refuses else "; they will be put in quarantine"


def _values(
    connection: duckdb.DuckDBPyConnection,
    file: DeliveryFile,
    text: TextFile,
    tables: list[BundleTable],
    joined: dict[tuple[str, str], Path],
    manifest: Manifest,
) -> Iterator[Finding]:
    for table in tables:
        others = {part: path for (name, part), path in joined.items() if name == table.data_set}
        try:
            profile = profile_file(connection, file.path, text, table, others, manifest.snapshot_date)
        except DeliveryError as problem:
            yield Finding(file.path, "", str(problem), True)
            continue
        yield from _unusable(file, profile)
        yield from _repeats(file, profile, table.data_set)


_SAID = {
    "missing_value": "have no value",
    "unreadable_value": "have a value that cannot be read",
    "impossible_date": "have an impossible date (before 1900, or after the snapshot date)",
}


def _unusable(file: DeliveryFile, profile: FileProfile) -> Iterator[Finding]:
    for (reason, column), rows in sorted(profile.unusable.items()):
        if reason not in _SAID:
            continue
        refuses = rows > REFUSED_SHARE * profile.rows and profile.rows >= FEWEST_RECORDS
        message = f"{rows} of the first {profile.rows} records {_SAID[reason]}{_fate(refuses)}"
        yield Finding(file.path, f"column {column}", message, refuses)


def _repeats(file: DeliveryFile, profile: FileProfile, name: str) -> Iterator[Finding]:
    if not profile.repeated:
        return
    refuses = profile.repeated > REFUSED_SHARE * profile.rows and profile.rows >= FEWEST_RECORDS
    key = data_set(name).key
    what = f"repeat a key ({' + '.join(profile.key_columns)})" if key else "repeat another record"
    where = f"column {profile.key_columns[0]}" if key else "rows"
    message = f"{profile.repeated} of the first {profile.rows} records {what}{_fate(refuses)}"
    yield Finding(file.path, where, message, refuses)
