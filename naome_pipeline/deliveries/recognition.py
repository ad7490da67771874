"""Which table of a delivery layout a file holds: by what the manifest states, by its name, or by its header.

What belongs here: matching files to tables and headers to columns. What does not: reading rows (`reading.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from naome_pipeline.deliveries.layouts import (
    MAIN,
    Bundle,
    BundleTable,
    TableLayout,
    data_set,
    expanded,
    part_of,
    table_layout,
)
from naome_pipeline.deliveries.text_files import Header

Tables = tuple[BundleTable, ...]


def layout_of(table: BundleTable) -> TableLayout:
    """The published layout a table of a bundle follows."""
    return table_layout(table.data_set, table.version)


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether the last part of a path matches one of the patterns, any case."""
    base = PurePosixPath(name).name.lower()
    return any(fnmatchcase(base, pattern.lower()) for pattern in patterns)


def recognise(
    bundle: Bundle, headers: Mapping[str, Header], stated: Mapping[str, str | None] | None = None
) -> dict[str, Tables | None]:
    """For every file of a delivery: the tables it feeds.

    `headers`: file path to header; `stated`: file path to the data set its manifest names. The empty tuple means a
    file that is known and not read; None means a file nobody knows.
    """
    stated = stated or {}
    return {name: _tables_of(bundle, name, headers, stated.get(name)) for name in headers}


def _tables_of(bundle: Bundle, name: str, headers: Mapping[str, Header], stated: str | None) -> Tables | None:
    present = [
        table
        for table in bundle.tables
        if table.unless_present is None
        or not any(matches(other, (table.unless_present,)) for other in headers if other != name)
    ]
    groups = _groups(present)
    named = [group for group in groups if matches(name, group[0].files)]
    if stated is not None:
        named = [g for g in named if stated in {t.data_set for t in g}]
        of_the_set = [g for g in groups if g[0].data_set == stated and g[0].part == MAIN]
        # A data set may come in several layouts: without a name that says which, the header does.
        if not named and (fitting := _by_header(of_the_set, headers[name])):
            return fitting
        named = named or of_the_set
    if named:
        return named[0]
    if matches(name, bundle.not_read):
        return ()
    return _by_header(groups, headers[name]) if stated is None else None


def _groups(tables: list[BundleTable]) -> list[Tables]:
    """Tables that read the same files, together, in the order of the bundle."""
    found: dict[tuple[str, ...], list[BundleTable]] = {}
    for table in tables:
        found.setdefault(table.files, []).append(table)
    return [tuple(group) for group in found.values()]


def _by_header(groups: list[Tables], header: Header) -> Tables | None:
    """The one group whose layouts fit the header, and fit more of its columns than any other does."""
    scores = {
        group: max(_known_columns(layout_of(t), t.part, header) for t in group)
        for group in groups
        if all(not missing_required(layout_of(t), header, t.part) for t in group)
    }
    best = [group for group, score in scores.items() if score == max(scores.values())]
    return best[0] if len(best) == 1 else None


def _known_columns(layout: TableLayout, part: str, header: Header) -> int:
    known = accepted_names(layout, part) | {name.lower() for name in layout.published_columns(part)}
    return sum(name.lower() in known for name in header.names)


def accepted_names(layout: TableLayout, part: str = MAIN) -> set[str]:
    """Every column name of a file that the layout can read something from, lower case."""
    used = [name for source in layout.columns.values() for name in source.accepted()]
    used += [source.only_where.column for source in layout.columns.values() if source.only_where]
    used += [layout.rows_where.column] if layout.rows_where else []
    for join_name, join in layout.joins.items():
        used += list(join.keys)
        used += [f"{join_name}.{column}" for column in join.keys.values()]
    return {column.lower() for p, column in map(part_of, expanded(tuple(used))) if p == part}


def missing_required(layout: TableLayout, header: Header, part: str = MAIN) -> dict[str, tuple[str, ...]]:
    """Required columns that the header does not offer: canonical name (or join key) to accepted names."""
    if part != MAIN:
        keys = layout.joins[part].keys.values()
        return {key: (key,) for key in keys if header.position(key) is None}
    missing: dict[str, tuple[str, ...]] = {}
    for column in data_set(layout.data_set).columns:
        if not column.required:
            continue
        fallback = () if column.fallback_for_unreadable else column.fallback
        choices = [layout.columns[c] for c in (column.name, *fallback) if c in layout.columns]
        names = tuple(name for source in choices for name in source.accepted())
        elsewhere = any(part_of(name)[0] != MAIN for name in names)
        if not elsewhere and not any(
            is_supplied(layout, c, {MAIN: header}) for c in (column.name, *fallback)
        ):
            missing[column.name] = names
    for needed in _columns_for_joins_and_rows(layout):
        if header.position(needed) is None:
            missing[needed] = (needed,)
    return missing


def _columns_for_joins_and_rows(layout: TableLayout) -> list[str]:
    needed = [layout.rows_where.column] if layout.rows_where else []
    for join in layout.joins.values():
        needed += [column for p, column in map(part_of, join.keys) if p == MAIN]
    return needed


def is_supplied(layout: TableLayout, column: str, headers: Mapping[str, Header]) -> bool:
    """Whether a canonical column can be read from files with these headers (join name to header, main is "")."""
    source = layout.columns.get(column)
    if source is None:
        return False

    def there(name: str) -> bool:
        part, plain = part_of(name)
        return part in headers and headers[part].position(plain) is not None

    if source.only_where is not None and not there(source.only_where.column):
        return False
    if source.together:
        return all(there(name) for name in source.together)
    return any(there(name) for name in expanded((*source.names, *source.else_from)))
