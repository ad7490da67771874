"""The executor: two nodes at a time, the long ones first, a failure that stops only what needs the failed node, interrupts."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.events import DagsterEventType

from assets.executor import thread_executor
from assets.resources import NODES_AT_A_TIME, PipelineResource

# Longer than two toy steps need on a busy machine, and over at once where they meet.
_MEETING_SECONDS = 60


class _Watched:
    """How many steps run now, and the most that ever ran together; the order in which they started."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self.now, self.most = 0, 0
        self.started: list[str] = []

    def __call__(self, name: str, pause: float = 0.0) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.started.append(name)
        time.sleep(pause)
        with self.lock:
            self.now -= 1


_watched = _Watched()
_meeting = threading.Barrier(2)


def _job(assets: list[dg.AssetsDefinition]) -> dg.JobDefinition:
    definitions = dg.Definitions(
        assets=assets,
        jobs=[dg.define_asset_job("toys")],
        executor=thread_executor,
        resources={"pipeline": PipelineResource()},
    )
    return definitions.resolve_job_def("toys")


def meeting() -> dg.JobDefinition:
    """Two steps that each wait for the other."""

    @dg.asset
    def one() -> None:
        _meeting.wait(_MEETING_SECONDS)

    @dg.asset
    def two() -> None:
        _meeting.wait(_MEETING_SECONDS)

    return _job([one, two])


def many() -> dg.JobDefinition:
    """Seven steps, one of them marked to start early, one that needs all the others."""

    def toy(name: str, deps: list[str]) -> dg.AssetsDefinition:
        @dg.asset(name=name, deps=deps, op_tags={"dagster/priority": "1"} if name == "f" else None)
        def made() -> None:
            _watched(name, 0.1)

        return made

    return _job([*(toy(name, []) for name in "abcdef"), toy("last", list("abcdef"))])


def failing() -> dg.JobDefinition:
    """A step that fails, one that needs it, and one that does not."""

    @dg.asset
    def wrong() -> None:
        raise dg.Failure("as planned")

    @dg.asset(deps=[wrong])
    def needs_it() -> None:
        _watched("needs_it")

    @dg.asset
    def does_not() -> None:
        _watched("does_not", 0.2)

    @dg.asset(deps=[does_not])
    def after_it() -> None:
        _watched("after_it")

    return _job([wrong, needs_it, does_not, after_it])


def endless(pause: float = 0) -> dg.JobDefinition:
    """A step whose query does not end by itself; the run is interrupted meanwhile, or before it with a pause."""

    @dg.asset
    def forever(pipeline: PipelineResource) -> None:
        with pipeline.engine() as engine:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
            time.sleep(pause)
            engine.fetch("SELECT SUM(a.range + b.range) FROM range(3000000000) AS a, range(3000000000) AS b")

    return _job([forever])


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance of its own."""
    with dg.instance_for_test() as made:
        yield made


def _run(name: str, instance: dg.DagsterInstance, **arguments: float) -> dg.JobExecutionResult:
    job = dg.build_reconstructable_job(__name__, name, reconstructable_kwargs=arguments)
    return dg.execute_job(job, instance)


def test_two_steps_run_at_the_same_time(instance: dg.DagsterInstance) -> None:
    assert _run("meeting", instance).success


def test_no_more_than_two_run_at_a_time_and_the_marked_one_starts_first(instance: dg.DagsterInstance) -> None:
    _watched.forget()
    result = _run("many", instance)
    assert result.success
    assert _watched.most == NODES_AT_A_TIME
    assert "f" in _watched.started[:NODES_AT_A_TIME]
    assert _watched.started[-1] == "last"
    assert sorted(_watched.started) == [*"abcdef", "last"]


def test_a_failure_stops_only_what_needs_the_failed_step(instance: dg.DagsterInstance) -> None:
    _watched.forget()
    result = _run("failing", instance)
    assert not result.success
    assert _watched.started == ["does_not", "after_it"]
    failed = [event.step_key for event in result.all_events if event.is_step_failure]
    assert failed == ["wrong"]
    # Every event is in the store, whichever thread it came from.
    stored = instance.all_logs(result.run_id, of_type=DagsterEventType.STEP_SUCCESS)
    assert sorted(str(entry.step_key) for entry in stored) == ["after_it", "does_not"]


@pytest.mark.parametrize("pause", [0, 2])
def test_an_interrupted_run_stops_its_queries(
    instance: dg.DagsterInstance, tmp_path: object, monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    monkeypatch.setenv("NAOME_HOME", str(tmp_path))
    result = _run("endless", instance, pause=pause)
    assert not result.success
    (run,) = instance.get_runs()
    assert run.status == dg.DagsterRunStatus.FAILURE
