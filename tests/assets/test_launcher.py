"""The launcher knows whether the process of a run works: one that was killed is found out, one that works or ended is not."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus
from dagster._core.test_utils import create_run_for_test
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from assets import launcher
from assets.launcher import WatchedRunLauncher, working
from naome_pipeline import leftovers

HOLD = """
import sys, time, dagster as dg
from assets.launcher import working
with dg.DagsterInstance.from_config(sys.argv[1]) as instance, working(instance, sys.argv[2]):
    print("works", flush=True)
    sys.stdin.read() if sys.argv[3] == "ends" else time.sleep(600)
"""


@pytest.fixture
def instance(tmp_path) -> Iterator[dg.DagsterInstance]:
    overrides = {
        "run_launcher": {"module": "assets.launcher", "class": "WatchedRunLauncher"},
        "run_monitoring": {"enabled": True},
    }
    with dg.instance_for_test(overrides=overrides, temp_dir=str(tmp_path)) as made:
        yield made


def worker(instance: dg.DagsterInstance, run_id: str, how: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, instance.root_directory, run_id, how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "works\n"
    return process


def health(instance: dg.DagsterInstance, run: dg.DagsterRun) -> WorkerStatus:
    assert isinstance(instance.run_launcher, WatchedRunLauncher)
    return instance.run_launcher.check_run_worker_health(run).status


def looked_after(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    """What the daemon makes of a run."""
    record = instance.get_run_record_by_id(run.run_id)
    assert record is not None
    monitor_started_run(instance, None, record, logging.getLogger("monitoring"))  # type: ignore[arg-type]
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def test_a_run_whose_process_was_killed_fails_when_the_daemon_looks(instance):
    run = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
    process = worker(instance, run.run_id, "is killed")
    assert looked_after(instance, run) is dg.DagsterRunStatus.STARTED
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    assert looked_after(instance, run) is dg.DagsterRunStatus.FAILURE
    said = [event.message for event in instance.all_logs(run.run_id)]
    assert any("ended without a word" in message for message in said)


def test_a_run_before_and_after_its_process_is_left_alone(instance):
    run = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
    assert health(instance, run) is WorkerStatus.RUNNING
    process = worker(instance, run.run_id, "ends")
    process.communicate("", timeout=30)
    assert process.returncode == 0
    assert health(instance, run) is WorkerStatus.RUNNING


def test_a_mark_is_held_before_it_can_be_seen(instance, monkeypatch):
    """Else a run could be taken for dead in the moment in which it begins."""
    run = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
    seen = []
    lock = leftovers.fcntl.flock

    def look_and_lock(handle: int, how: int) -> None:
        if not seen:
            seen.append(WorkerStatus.UNKNOWN)  # looking locks as well
            seen[0] = health(instance, run)
        lock(handle, how)

    monkeypatch.setattr(leftovers.fcntl, "flock", look_and_lock)
    with working(instance, run.run_id):
        pass
    assert seen == [WorkerStatus.RUNNING]


def test_old_marks_of_dead_runs_are_cleared_and_those_of_working_ones_are_not(instance, monkeypatch):
    dead = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
    process = worker(instance, dead.run_id, "is killed")
    monkeypatch.setattr(launcher, "_KEPT_SECONDS", -1)
    with working(instance, "another"):
        pass
    assert health(instance, dead) is WorkerStatus.RUNNING
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    assert health(instance, dead) is WorkerStatus.NOT_FOUND
    with working(instance, "one more"):
        pass
    assert health(instance, dead) is WorkerStatus.RUNNING
