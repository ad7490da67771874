"""Which files of a delivery feed which data set, by which layout.

What belongs here: putting `recognition.py` to work on the headers of an accepted delivery. What does not: reading more of a
file than its header (`reading.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from naome_pipeline.deliveries import layouts
from naome_pipeline.deliveries.layouts import MAIN, BundleTable, TableLayout, data_set
from naome_pipeline.deliveries.recognition import is_supplied, layout_of, recognise
from naome_pipeline.deliveries.text_files import Header, read_header

if TYPE_CHECKING:
    from naome_pipeline.deliveries.receiving import AcceptedDelivery


@lru_cache(maxsize=16)
def supplied_columns(accepted: AcceptedDelivery) -> Mapping[str, frozenset[str]]:
    """Data set to the canonical columns that the delivery's files really have, for every data set delivered.

    Remembered per delivery: an accepted delivery never changes.
    """
    found: dict[str, set[str]] = {}
    matched = matched_files(accepted)
    for target in sorted({name for file in accepted.manifest.files for name in file.data_sets}):
        for match in matched.get(target, ()):
            headers = {MAIN: match.header} | {
                part: read_header(accepted.path / path) for part, path in match.joined.items()
            }
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
        for target, matches in sorted(matched_files(accepted).items())
    }


@dataclass(frozen=True)
class Match:
    """A file with the main table it feeds, and the files that table looks things up in (join name to path)."""

    name: str
    table: BundleTable
    header: Header
    joined: dict[str, str]


def matched_files(accepted: AcceptedDelivery) -> dict[str, list[Match]]:
    """Data set to its files, in the order of their names."""
    headers = {file.path: read_header(accepted.path / file.path) for file in accepted.manifest.files}
    stated = {file.path: file.data_set for file in accepted.manifest.files}
    recognised = recognise(layouts.bundle(accepted.manifest.layout), headers, stated)
    joins: dict[str, dict[str, str]] = {}
    found: dict[str, list[Match]] = {}
    for name, tables in sorted(recognised.items()):
        for table in tables or ():
            joined = joins.setdefault(table.data_set, {})
            if table.part == MAIN:
                found.setdefault(table.data_set, []).append(Match(name, table, headers[name], joined))
            else:
                joined[table.part] = name
    return found
