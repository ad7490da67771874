"""Dagster's event log in SQLite files, written through connections that stay open.

What belongs here: how the files are opened. What does not: what is stored in them, which is Dagster's own.

Dagster opens a new connection for every event and closes it; the last one to close copies the write-ahead log into the
file and waits for the disk, two to four times an event. A refresh has some 2,700 events, which took longer than the
nodes of a small one. A connection that stays open writes to the log only, and what belongs together (an event in its
run's file and in the index, all events a run plans) is one transaction of each file.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from dagster import EventLogEntry, StringSource
from dagster._core.events import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    DagsterEventType,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log import SqlEventLogStorageTable, SqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes.config_class import ConfigurableClassData
from sqlalchemy import Connection, Engine, bindparam, event, inspect
from sqlalchemy.pool import QueuePool

# A run has its own file, and all share the index: room for two runs at a time and for somebody looking at others.
MOST_OPEN = 8
_NEW_EVENT = SqlEventLogStorageTable.insert()
_CHECK = AssetCheckExecutionsTable.c
_EVALUATED = AssetCheckExecutionsTable.update().where(
    _CHECK.asset_key == bindparam("of_asset"),
    _CHECK.check_name == bindparam("of_check"),
    _CHECK.run_id == bindparam("of_run"),
    _CHECK.partition.is_not_distinct_from(bindparam("of_partition")),
)


class OpenSqliteEventLog(SqliteEventLogStorage):
    """Dagster's SQLite event log, in the same files, with the last few kept open. `dagster.yaml` names it."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._joined: dict[str, Connection] | None = None
        self._transactions = ExitStack()
        self._writing = RLock()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """What `dagster.yaml` says: the folder of the instance."""
        return {"dagster_home": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> OpenSqliteEventLog:
        """The event log of an instance, where Dagster's own default has it."""
        return cls(str(Path(config_value["dagster_home"]) / "history" / "runs"), inst_data)

    def store_event(self, event: EventLogEntry) -> None:
        """An event, in its run's file and the index."""
        with self._together():
            self._store(event)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Several events, all or none."""
        with self._together():
            for event in events:
                self._store(event)

    def _store(self, event: EventLogEntry) -> None:
        """The rows that Dagster's `store_event` writes, with statements that are made and compiled once.

        Two in three of a refresh's events are about checks or no asset at all; the others are left to Dagster.
        """
        kind = event.dagster_event_type if event.is_dagster_event else None
        if kind in ASSET_EVENTS:
            super().store_event(event)
            return
        row = self._event_to_row(event)
        with self.run_connection(event.run_id) as connection:
            connection.execute(_NEW_EVENT, row)
        if kind not in ASSET_CHECK_EVENTS and kind not in EVENT_TYPE_TO_PIPELINE_RUN_STATUS:
            return
        with self.index_connection() as connection:
            number = connection.execute(_NEW_EVENT, row).lastrowid
            if kind == DagsterEventType.ASSET_CHECK_EVALUATION:
                found = connection.execute(_EVALUATED, _evaluated(event, row, number)).rowcount
            else:
                found = 0
        if kind in ASSET_CHECK_EVENTS and found != 1:
            self.store_asset_check_event(event, number)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table. Dagster asks at every event of a check, with a new connection each time."""
        if table_name not in self._tables:
            with self.index_connection() as connection:
                self._tables |= set(inspect(connection).get_table_names())
        return table_name in self._tables

    @contextmanager
    def _together(self) -> Iterator[None]:
        """What this thread writes within the block is one transaction of each file."""
        with self._writing, ExitStack() as transactions:
            self._transactions, self._joined = transactions, {}
            try:
                yield
            finally:
                self._joined = None

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._writing:
            if self._joined is None:
                with self._engine(shard).connect() as connection, connection.begin():
                    yield connection
                return
            if shard not in self._joined:
                connection = self._transactions.enter_context(self._engine(shard).connect())
                self._transactions.enter_context(connection.begin())
                self._joined[shard] = connection
            yield self._joined[shard]

    def _engine(self, shard: str) -> Engine:
        # A file that was deleted (`dagster run wipe`, by hand) must not be written to unseen.
        if shard in self._engines and not Path(self.path_for_shard(shard)).is_file():
            self._close(shard)
        if shard not in self._engines:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=QueuePool,
                pool_size=1,
                max_overflow=4,  # making the tables opens more, once
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            event.listen(engine, "connect", _without_waiting)
            self._initdb(engine)
            self._engines[shard] = engine
            if len(self._engines) > MOST_OPEN:
                self._close(next(iter(self._engines)))
        self._engines.move_to_end(shard)
        return self._engines[shard]

    def _close(self, shard: str) -> None:
        self._engines.pop(shard).dispose()

    def dispose(self) -> None:
        """Close what is open."""
        with self._writing:
            for shard in list(self._engines):
                self._close(shard)
        super().dispose()


def _evaluated(event: EventLogEntry, row: Mapping[str, Any], number: int) -> dict[str, Any]:
    """What the row of a planned check becomes when it has been evaluated."""
    evaluation = event.get_dagster_event().asset_check_evaluation_data
    target = evaluation.target_materialization_data
    state = AssetCheckExecutionRecordStatus
    return {
        "of_asset": evaluation.asset_key.to_string(),
        "of_check": evaluation.check_name,
        "of_run": event.run_id,
        "of_partition": evaluation.partition,
        "execution_status": (state.SUCCEEDED if evaluation.passed else state.FAILED).value,
        "evaluation_event": row["event"],
        "evaluation_event_timestamp": row["timestamp"],
        "evaluation_event_storage_id": number,
        "materialization_event_storage_id": target.storage_id if target else None,
    }


def _without_waiting(connection: Any, record: Any) -> None:
    """Sync the disk at checkpoints, not at every event.

    A killed process loses nothing; a power cut may lose the last events, never the file. Tables and releases do not
    depend on events and are synced by themselves.
    """
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()
