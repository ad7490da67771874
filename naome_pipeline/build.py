"""Building one table: stage, audit, publish.

What belongs here: what a node is, its fingerprint, and the order stage → gate → publish. What does not: the
DAG (`assets/`), where files lie (`lake.py`), or what a table means.

A node is a table with a way to make it. Its fingerprint covers everything its content depends on: the text that
makes it, the parameters and code lists that text uses, and the fingerprints of its inputs. When data of that
fingerprint exist and passed the same gate, they are published again without work.
"""

from __future__ import annotations

import contextvars
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, Literal

import pandas as pd

from naome_pipeline.code_versions import code_of
from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.joining import joint_delivery, parts_of
from naome_pipeline.deliveries.layouts import feed as feed_definition
from naome_pipeline.deliveries.matching import supplied_columns
from naome_pipeline.deliveries.receiving import AcceptedDelivery, accepted_delivery, newest_delivery
from naome_pipeline.engine import Engine, ParameterValue, references_of
from naome_pipeline.gates import (
    GateFailed,
    GateResult,
    Suite,
    judge,
    load_suite,
    profile_table,
    raise_for_failures,
    united_suite,
)
from naome_pipeline.home import Home
from naome_pipeline.indicators.reporting_periods import first_reported_quarter
from naome_pipeline.lake import Before, Lake, Scope
from naome_pipeline.parameters import PERIOD_VALUES, no_parameter, parameters
from naome_pipeline.periods import parse_period
from naome_pipeline.reference import reference_path
from naome_pipeline.repeats import Suspects
from naome_pipeline.stored import PublishedTable, fingerprint_of
from naome_pipeline.tables import (
    TABLE_FILE,
    file_sha256,
    parquet_rows,
    table_columns,
    table_files,
    table_path,
    table_sha256,
)

PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Delivered:
    """The part of an accepted delivery a build needs. A joint delivery has parts and supplies nothing itself."""

    scope: Scope
    snapshot_date: dt.date
    supplied: Mapping[str, frozenset[str]]
    accepted: AcceptedDelivery
    parts: tuple[Delivered, ...] = ()

    @classmethod
    def newest(cls, home: Home, feed: str, period: str) -> Delivered:
        """The newest accepted delivery of a period; DeliveryError says what to do when there is none.

        Of a feed with parts: the joint delivery of the newest release of each part that has one.
        """
        code = parse_period(feed, period).code
        if feeds := feed_definition(feed).parts:
            return cls.of(joint_delivery(home.landing, feed, _released_parts(home, feed, feeds, code)), home)
        return cls.of(newest_delivery(home.landing, feed, code), home)

    @classmethod
    def of(cls, accepted: AcceptedDelivery, home: Home) -> Delivered:
        """An accepted delivery, with its parts if it is a joint one."""
        joint = bool(accepted.manifest.parts)
        return cls(
            scope=Scope(accepted.feed, accepted.period, accepted.version),
            snapshot_date=accepted.manifest.snapshot_date,
            supplied={} if joint else supplied_columns(accepted),
            accepted=accepted,
            parts=tuple(cls.of(part, home) for part in parts_of(home.landing, accepted)),
        )

    def followed_to(self, data_sets: Iterable[str]) -> dt.date:
        """The last day for which all of these data sets have their records: the snapshot date, or the end of one that its
        sender says ends before it; of several nations the earliest."""
        named = set(data_sets)
        ends = [
            day
            for part in self.parts or (self,)
            for name, day in part.accepted.manifest.complete_to.items()
            if name in named
        ]
        return min([self.snapshot_date, *ends])


def _released_parts(home: Home, feed: str, parts: Sequence[str], period: str) -> list[AcceptedDelivery]:
    released = [Lake(home.lake).released_versions(part, period) for part in parts]
    received = [
        accepted_delivery(home.landing, versions[-1].feed, period, versions[-1].version)
        for versions in released
        if versions and (home.landing / versions[-1].folder).is_dir()
    ]
    if not received:
        raise DeliveryError(
            f"nothing to unite for {feed} {period}: {' and '.join(parts)} have no release of {period}. What to do: "
            f"naome receive DIR, then naome refresh --feed {parts[0]} --period {period}"
        )
    return received


@dataclass
class BuildContext:
    """What a node's maker works with: an engine with its inputs attached, and where to write.

    `measures` go to the gate; `record`: what else the record of the table says; `notes`: for the log alone, how the table was
    made this time.
    """

    engine: Engine
    lake: Lake
    delivered: Delivered
    folder: Path
    inputs: Mapping[str, PublishedTable]
    values: Mapping[str, ParameterValue]
    previous: Scope | None
    measures: dict[str, float | None] = field(default_factory=dict)
    suspects: Suspects | None = None
    record: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)

    @property
    def table_path(self) -> Path:
        """Where the node's Parquet file goes."""
        return self.folder / TABLE_FILE

    def write_sql(self, sql: str) -> None:
        """Make the table with one statement over the inputs."""
        self.engine.write(self.engine.prepare(sql, self.values), self.table_path)

    def write_frame(self, frame: pd.DataFrame) -> None:
        """Make the table from a small frame, written sorted as DuckDB writes every other table."""
        self.engine.connection.register("frame_to_write", frame)
        self.engine.write("SELECT * FROM frame_to_write", self.table_path)
        self.engine.connection.unregister("frame_to_write")


@dataclass(frozen=True)
class Node:
    """A table of the DAG and how to make it.

    `code`: the text that makes it, where that is no module; `uses_delivery` gives what the content takes directly from the
    delivery (files, snapshot date), as JSON-like values that enter the fingerprint; `after` runs each time the
    table has been published. `cadence` limits the node to feeds of that period (`quarter` or `year`).
    `of_parts`: the tables of a joint feed's parts that it is made of (`uniting.py`). `priority`: of nodes that could
    start the highest starts first; the long ones have one, so that no core waits for them at the end.
    """

    layer: str
    name: str
    description: str
    make: Callable[[BuildContext], None]
    code: str = ""
    inputs: tuple[str, ...] = ()
    parameter_names: tuple[str, ...] = ()
    code_lists: tuple[str, ...] = ()
    sql: str | None = None
    uses_delivery: Callable[[Delivered, Scope | None, Lake], Mapping[str, Any]] | None = None
    after: Callable[[PublishedTable, Delivered, Lake], None] | None = None
    cadence: Literal["quarter", "year"] | None = None
    of_parts: tuple[str, ...] = ()
    united: bool = False
    priority: int = 0

    @property
    def suite(self) -> Suite:
        """Its gate. A united table passes that of the table in each part, as far as its own rows tell, and loses none."""
        own = load_suite(self.layer, self.name)
        return united_suite(own) if self.united else own

    def __post_init__(self) -> None:
        found = code_of(self._makers)
        for name in self.parameter_names:
            if name not in parameters() and name not in PERIOD_VALUES:
                raise no_parameter(name, f"the statement of {self.layer}/{self.name}")
        object.__setattr__(self, "parameter_names", tuple(sorted({*self.parameter_names, *found.parameters})))
        object.__setattr__(self, "code_lists", tuple(sorted({*self.code_lists, *found.code_lists})))

    @property
    def _makers(self) -> frozenset[str]:
        """The modules of the functions that make it: `make`, and those it was given (an output's own function). What
        `sql_node` makes is its text."""
        functions = [self.make]
        for cell in getattr(self.make, "__closure__", None) or ():
            # The cell of what is only just being made is empty.
            with suppress(ValueError):
                functions += [cell.cell_contents] if isinstance(cell.cell_contents, FunctionType) else []
        return frozenset(function.__module__ for function in functions) - {__name__}

    @property
    def code_version(self) -> str:
        """Short identifier of everything in the code base the content depends on."""
        lists = {name: _code_list_sha256(name) for name in self.code_lists}
        modules = code_of(self._makers).sha256
        return fingerprint_of({"code": self.code, "lists": lists, "modules": modules})[:12]


@dataclass(frozen=True)
class Built:
    """The outcome of building a node."""

    table: PublishedTable
    results: list[GateResult]
    reused: bool
    input_columns: Mapping[str, list[str]]
    notes: Mapping[str, int] = field(default_factory=dict)


@cache
def _code_list_sha256(name: str) -> str:
    return file_sha256(reference_path(name))


def sql_node(layer: str, name: str, *, folder: str | None = None, given: tuple[str, ...] = ()) -> Node:
    """A node made by `naome_pipeline/<folder>/<name>.sql` (folder = layer unless given).

    Inputs, parameters and description are read from the file. `given`: values that are no parameters, from who makes the table.
    """
    sql = (PACKAGE / (folder or layer) / f"{name}.sql").read_text(encoding="utf-8")
    references = references_of(sql)
    comment = [line.removeprefix("--").strip() for line in sql.splitlines() if line.startswith("--")]
    leading = sql.split("\nWITH", 1)[0].split("\nSELECT", 1)[0]
    description = " ".join(c for c in comment if c in leading)
    return Node(
        layer=layer,
        name=name,
        description=description,
        make=lambda context: context.write_sql(sql),
        code=sql,
        inputs=references.tables,
        parameter_names=tuple(parameter for parameter in references.parameters if parameter not in given),
        code_lists=references.code_lists,
        sql=sql,
    )


def period_values(delivered: Delivered) -> dict[str, ParameterValue]:
    """The parameters that come from the delivery: its snapshot date and the reported span, as dates."""
    period = parse_period(delivered.scope.feed, delivered.scope.period)
    return {
        "snapshot_date": delivered.snapshot_date,
        "period_end": period.end,
        "first_reported_day": first_reported_quarter(period).start,
    }


Progress = Callable[[str, str], None]
_progress: contextvars.ContextVar[Progress | None] = contextvars.ContextVar("naome_progress", default=None)


@contextmanager
def reporting_progress(report: Progress) -> Iterator[None]:
    """Within this block, `report(node, state)` is called as nodes start and end."""
    token = _progress.set(report)
    try:
        yield
    finally:
        _progress.reset(token)


def _say(node: Node, state: str) -> None:
    if report := _progress.get():
        report(node.name, state)


def build(node: Node, delivered: Delivered, lake: Lake, engine: Engine) -> Built:
    """Make, audit and publish one table of a delivery.

    Raises NotPublished when an input has no published version, GateFailed when a critical expectation fails;
    in both cases nothing is published and earlier releases stay as they were.
    """
    _say(node, "started")
    scope = delivered.scope
    inputs = {name: lake.published(scope, name) for name in node.inputs}
    input_columns = {name: [c for c, _ in table.record["columns"]] for name, table in inputs.items()}
    previous = lake.previous_release(scope)
    values = {name: p.value for name, p in parameters().items()} | period_values(delivered)
    used = {name: values[name] for name in node.parameter_names}
    taken = node.uses_delivery(delivered, previous, lake) if node.uses_delivery else None
    fingerprint = fingerprint_of(
        {
            "node": f"{node.layer}/{node.name}",
            "code": node.code_version,
            "inputs": {name: table.fingerprint for name, table in inputs.items()},
            "parameters": used,
            "delivery": taken,
        }
    )
    suite = node.suite
    before = lake.before(scope, node.name, fingerprint)
    audit = fingerprint_of({"suite": suite.content, "rows_before": before and before.rows})
    found = lake.find_whole(node.layer, node.name, fingerprint)
    passed_before = lake.find_audit(found, audit) if found is not None else None
    if found is not None and passed_before is not None:
        results = [GateResult(**entry) for entry in passed_before]
        _publish(node, found, audit, before, delivered, lake)
        _say(node, "unchanged")
        return Built(found, results, reused=True, input_columns=input_columns)
    engine.attach({name: table.path for name, table in inputs.items()})
    with lake.staging() as folder:
        context = BuildContext(engine, lake, delivered, folder, inputs, values, previous)
        if found is None:
            node.make(context)
        else:
            context.measures.update(found.record["measures"])
        table = table_path(folder) if found is None else found.path
        rows = sum(parquet_rows(file) for file in table_files(table))
        ratio = rows / before.rows if before and before.rows else None
        numbers = context.measures | {"rows_to_previous": ratio}
        metrics = profile_table(engine, table, suite, numbers, context.suspects)
        results = judge(metrics, suite)
        try:
            raise_for_failures(node.name, results)
        except GateFailed as failure:
            lake.record_failure(scope, node.name, str(failure))
            _say(node, "failed")
            raise
        if found is None:
            hashes = {file.name: file_sha256(file) for file in table_files(table)}
            record = {
                "layer": node.layer,
                "table": node.name,
                "fingerprint": fingerprint,
                "code_version": node.code_version,
                "rows": rows,
                "columns": table_columns(table),
                "sha256": table_sha256(list(hashes.values())),
                "inputs": {name: table.fingerprint for name, table in inputs.items()},
                "parameters": used,
                "taken": taken,
                "measures": dict(context.measures),
                **context.record,
            }
            found = lake.store(node.layer, node.name, fingerprint, folder, record, hashes)
        lake.store_audit(found, audit, [result.as_dict() for result in results])
        _publish(node, found, audit, before, delivered, lake)
    _say(node, "done")
    return Built(found, results, reused=False, input_columns=input_columns, notes=context.notes)


def _publish(
    node: Node, table: PublishedTable, audit: str, before: Before | None, delivered: Delivered, lake: Lake
) -> None:
    lake.publish(delivered.scope, node.layer, table, audit, before)
    if node.after is not None:
        node.after(table, delivered, lake)
