"""How a data set of a delivery becomes a source node. Every file beside this one names one data set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.deliveries.constancy import unchanged
from naome_pipeline.deliveries.layouts import data_set as data_set_named
from naome_pipeline.deliveries.reach import months_missing, people_by_month
from naome_pipeline.deliveries.reading import empty_data_set, read_data_set
from naome_pipeline.deliveries.reuse import EarlierTable, FileRows
from naome_pipeline.indicators.reporting_periods import first_reported_quarter
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.parameters import value_of
from naome_pipeline.periods import parse_period
from naome_pipeline.repeats import files_sql
from naome_pipeline.stored import QUARANTINE_FILE, NotPublished
from naome_pipeline.tables import table_files, table_path


def source_node(data_set: str, description: str, *, priority: int = 0) -> Node:
    """The node of one data set: reads its files of the delivery, types them, quarantines unusable rows.

    `priority`: of the largest, so that they are read first; prescriptions last of these, because the cohort does not need them
    and is made meanwhile.
    """

    def make(context: BuildContext) -> None:
        quarantine = context.folder / QUARANTINE_FILE
        connection, accepted = context.engine.connection, context.delivered.accepted
        if data_set in context.delivered.supplied:
            earlier = _earlier_tables(node, context.delivered.scope, context.lake)
            with unchanged(accepted) as scan:
                counts = read_data_set(
                    connection, accepted, data_set, context.table_path, quarantine, scan, earlier
                )
            if counts.files:
                context.record["files_of_delivery"] = [asdict(file) for file in counts.files]
            if counts.files_taken_over:
                context.notes["files_taken_over"] = counts.files_taken_over
            rows_in, quarantined = counts.rows_in, sum(counts.quarantined.values())
            unreadable = sum(counts.coerced_to_null.values())
            context.suspects = counts.suspects
        else:
            empty_data_set(connection, data_set, context.table_path, quarantine)
            rows_in, quarantined, unreadable = 0, 0, 0
        context.measures |= _months_missing(context, data_set)
        context.measures |= {
            "rows_in": float(rows_in),
            "rows_quarantined": float(quarantined),
            "quarantined_share": quarantined / rows_in if rows_in else 0.0,
            "values_unreadable": float(unreadable),
            "delivered": float(data_set in context.delivered.supplied),
        }

    def uses(delivered: Delivered, previous: Scope | None, lake: Lake) -> Mapping[str, Any]:
        manifest = delivered.accepted.manifest
        files = sorted((f.path, f.sha256) for f in manifest.files if data_set in f.data_sets)
        return {
            "files": files,
            "layout": manifest.layout,
            "snapshot_date": delivered.snapshot_date,
            "complete_to": delivered.followed_to([data_set]),
        }

    node = Node(
        layer="sources",
        name=data_set,
        description=description,
        make=make,
        uses_delivery=uses,
        priority=priority,
    )
    return node


def _months_missing(context: BuildContext, data_set: str) -> Mapping[str, float | None]:
    """How far the table just made reaches (`reach.py`); nothing of a data set that no indicator follows people in."""
    dating, delivered = data_set_named(data_set).dated_by, context.delivered
    if dating is None:
        return {}
    if data_set not in delivered.supplied:
        return months_missing({}, delivered.snapshot_date, delivered.snapshot_date)
    period = parse_period(delivered.scope.feed, delivered.scope.period)
    last = delivered.followed_to([data_set])
    needed_from = first_reported_quarter(period).start
    if dating.look_back:
        needed_from -= dt.timedelta(days=int(value_of(dating.look_back)))
    rows = files_sql(table_files(table_path(context.folder)))
    counts = people_by_month(context.engine.connection, rows, dating.column)
    return months_missing(counts, needed_from, last if dating.until == "snapshot" else min(last, period.end))


def _earlier_tables(node: Node, scope: Scope, lake: Lake) -> list[EarlierTable]:
    """The tables of earlier versions of the same delivery that the same code made, newest first; whole ones only."""
    found = []
    for earlier in sorted(lake.scopes(), reverse=True):
        if (earlier.feed, earlier.period) == (scope.feed, scope.period) and earlier.version < scope.version:
            # Without a usable earlier table the files are read; `naome doctor` says what is wrong with it.
            with suppress(NotPublished, KeyError, TypeError):
                table = lake.published(earlier, node.name)
                if table.record["code_version"] == node.code_version:
                    hashes = {name: entry["sha256"] for name, entry in table.record["files"].items()}
                    files = [FileRows(**entry) for entry in table.record.get("files_of_delivery", ())]
                    found.append(EarlierTable(table.folder, QUARANTINE_FILE, hashes, files))
    return found
