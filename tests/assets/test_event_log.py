"""Dagster's event log stays in Dagster's files, readable by Dagster's own storage, and survives their removal."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage

from assets.event_log import MOST_OPEN, OpenSqliteEventLog
from naome_pipeline.home import Home
from naome_pipeline.refreshing import prepare_dagster_home


@pytest.fixture
def log(tmp_path):
    opened = OpenSqliteEventLog.from_config_value(None, {"dagster_home": str(tmp_path)})
    yield opened
    opened.dispose()


def said(run_id: str, message: str) -> EventLogEntry:
    return EventLogEntry(
        error_info=None,
        level=20,
        user_message=message,
        run_id=run_id,
        timestamp=time.time(),
        job_name="job",
        dagster_event=DagsterEvent(DagsterEventType.RUN_START.value, "job"),
    )


def messages(log: SqliteEventLogStorage, run_id: str) -> list[str]:
    return [entry.user_message for entry in log.get_logs_for_run(run_id)]


def test_the_project_uses_it(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setenv("NAOME_HOME", str(tmp_path))
    prepare_dagster_home(Home.locate(tmp_path))
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, OpenSqliteEventLog)
        assert (tmp_path / "dagster" / "history" / "runs" / "index.db").is_file()


def test_what_is_written_is_there_for_other_readers_at_once(log, tmp_path):
    log.store_event(said("one", "first"))
    other = SqliteEventLogStorage(str(tmp_path / "history" / "runs"))
    assert messages(other, "one") == ["first"]
    other.store_event(said("one", "second"))
    assert messages(log, "one") == ["first", "second"]


def test_more_runs_than_stay_open_keep_their_events(log):
    names = [f"run{n}" for n in range(2 * MOST_OPEN)]
    for name in names:
        log.store_event(said(name, name))
    assert [messages(log, name) for name in names] == [[name] for name in names]


def test_a_file_that_was_removed_is_made_again(log, tmp_path):
    log.store_event(said("one", "first"))
    for path in (tmp_path / "history" / "runs").glob("one.db*"):
        path.unlink()
    log.store_event(said("one", "second"))
    assert messages(log, "one") == ["second"]


def rows_of(folder: Path, run_id: str) -> dict[str, list[tuple]]:
    """Everything in the file of a run and in the index but when a row was made."""
    found = {}
    for shard in (run_id, "index"):
        with sqlite3.connect(folder / "history" / "runs" / f"{shard}.db") as connection:
            for table in ("event_logs", "asset_keys", "asset_event_tags", "asset_check_executions"):
                names = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
                listed = ", ".join(name for name in names if name != "create_timestamp")
                found[f"{shard} {table}"] = connection.execute(f"SELECT {listed} FROM {table}").fetchall()
    return found


def test_it_writes_what_dagster_would(log, tmp_path):
    partitions = dg.DailyPartitionsDefinition("2026-01-01")
    specs = [dg.AssetCheckSpec(name, asset="table") for name in ("kept", "broken", "forgotten")]

    @dg.asset(partitions_def=partitions, check_specs=specs, code_version="1")
    def table(context: dg.AssetExecutionContext) -> Iterator[object]:
        context.log.info("a message")
        yield dg.MaterializeResult(metadata={"rows": 3}, data_version=dg.DataVersion("a"))
        for name in ("kept", "broken"):
            yield dg.Output(None, f"table_{name}")
            yield dg.AssetCheckEvaluation(
                asset_key=context.asset_key,
                check_name=name,
                passed=name == "kept",
                metadata={},
                severity=dg.AssetCheckSeverity.WARN,
                partition=context.partition_key,
            )
        yield dg.AssetCheckResult(
            check_name="forgotten", passed=True
        )  # evaluated for no partition: not as planned

    with dg.instance_for_test() as instance:
        run = dg.materialize([table], instance=instance, partition_key="2026-01-02")
        entries = instance.all_logs(run.run_id)
    other = SqliteEventLogStorage(str(tmp_path / "dagster" / "history" / "runs"))
    for entry in entries:
        log.store_event(entry)
        other.store_event(entry)
    own, theirs = rows_of(tmp_path, run.run_id), rows_of(tmp_path / "dagster", run.run_id)
    assert own == theirs
    states = [row[5] for row in own["index asset_check_executions"]]
    assert sorted(states) == ["FAILED", "PLANNED", "SUCCEEDED", "SUCCEEDED"]


def test_a_killed_process_loses_no_event(log, tmp_path):
    # Nothing was checkpointed or closed: what a killed process leaves is the file and its write-ahead log.
    log.store_event(said("one", "first"))
    left = tmp_path / "left"
    left.mkdir()
    for path in Path(tmp_path / "history" / "runs").glob("one.db*"):
        (left / path.name).write_bytes(path.read_bytes())
    with sqlite3.connect(left / "one.db") as connection:
        rows = connection.execute("SELECT COUNT(*) FROM event_logs").fetchall()
    assert rows == [(1,)]
