"""A process that runs refreshes in children of its own and ends them where it is told to.

Started by `processes.py`; reads one JSON request a line and answers with one line. Everything heavy is imported before the
first child, so that a child starts at once. A refresh is the product's own, except that nodes run without Dagster, and
that a node which is published again unchanged opens no connection.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

import naome_pipeline.build as builds
from assets.feeds import nodes
from naome_pipeline import gates, leftovers, refreshing
from naome_pipeline.build import Delivered, build
from naome_pipeline.cli import app
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake
from naome_pipeline.troubles import described

FEED = "england_quarterly"
# What changes the names or the durability of files: a process may die before or after any of these.
CALLS = ("rename", "replace", "unlink", "rmdir", "mkdir", "fsync", "chmod")


class EngineWhenNeeded(Engine):
    """The engine of a step, opened when something asks it for the first time."""

    def __init__(self, settings: EngineSettings, opened: ExitStack) -> None:
        self._settings, self._opened = settings, opened

    @cached_property
    def connection(self) -> Any:  # type: ignore[override]
        return self._opened.enter_context(open_connection(self._settings))


class Progress:
    """What a child says of its way: the node it is in, in a file that outlives it, and the seconds each took. In the node
    `kill_in` it sets an alarm, and the kernel ends it there, `within` so many seconds."""

    def __init__(self, job: dict[str, Any], place: Path) -> None:
        self.job, self.place, self.seconds = job, place, {}
        self.began = 0.0

    def __call__(self, node: str, state: str) -> None:
        if state == "started":
            self.began = time.monotonic()
            self.place.write_text(node, encoding="utf-8")
            if node == self.job.get("kill_in"):
                signal.setitimer(signal.ITIMER_REAL, max(1e-6, self.job["within"]))
        else:
            self.seconds[node] = time.monotonic() - self.began


def run_nodes(feed: str, partition_key: str) -> None:
    """What the Dagster job does, node by node."""
    home = Home.locate()
    delivered, lake = Delivered.newest(home, feed, partition_key), Lake(home.lake)
    waiting, done = list(nodes(feed)), set()
    while waiting:
        node = next(n for n in waiting if set(n.inputs) <= done)
        with (
            leftovers.held_folder(lambda: home.scratch / os.urandom(8).hex()) as scratch,
            ExitStack() as opened,
        ):
            build(node, delivered, lake, EngineWhenNeeded(EngineSettings.from_environment(scratch), opened))
        waiting.remove(node)
        done.add(node.name)


def within_bounds(metrics: Mapping[str, float | None], suite: gates.Suite) -> list[gates.GateResult]:
    """The verdict of a gate without Great Expectations, which takes as long as all the rest of a small refresh."""
    results = []
    for expectation in suite.expectations:
        bounds, meta = expectation["kwargs"], expectation["meta"]
        low, high = bounds.get("min_value"), bounds.get("max_value")
        value = metrics.get(bounds["column"])
        passed = value is None or ((low is None or value >= low) and (high is None or value <= high))
        severity = expectation.get("severity", gates.CRITICAL)
        results.append(
            gates.GateResult(meta["name"], passed, severity, bounds["column"], value, low, high, meta["why"])
        )
    return results


def run_publication(feed: str, partition_key: str) -> None:
    """The last node alone, when everything else is published."""
    home = Home.locate()
    node = nodes(feed)[-1]
    with open_connection(EngineSettings.from_environment(home.scratch)) as connection:
        build(node, Delivered.newest(home, feed, partition_key), Lake(home.lake), Engine(connection))


class Counter:
    """Counts calls that change files and ends the process at one of them."""

    def __init__(self, at: int | None, when: str) -> None:
        self.at, self.when, self.count = at, when, 0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            number = self.count
            if number == self.at and self.when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return call(*arguments, **options)
            finally:
                if number == self.at and self.when == "after":
                    os.kill(os.getpid(), signal.SIGKILL)

        return counted

    def install(self) -> None:
        for name in CALLS:
            setattr(os, name, self.around(getattr(os, name)))
        library = leftovers._LIBC
        leftovers._LIBC = type("Library", (), {"renameat2": staticmethod(self.around(library.renameat2))})()


def child(job: dict[str, Any], answer: Path) -> None:
    """Do one job and end; the answer file says how many counted calls there were, or what went wrong."""
    os.environ["NAOME_HOME"] = job["home"]
    os.environ.update(job.get("environment", {}))
    counter, progress = (
        Counter(job.get("at"), job.get("when", "before")),
        Progress(job, answer.with_suffix(".node")),
    )
    code = 0
    result: dict[str, Any] = {}
    try:
        if job.get("file_size"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_size"], resource.RLIM_INFINITY))
        if moved := job.get("clock_moved"):
            os.environ["TZ"] = "Pacific/Kiritimati"
            time.tzset()
            now = time.time
            time.time = lambda: now() + moved
        if job.get("unlocked"):
            Lake.lock = _no_refresh_lock  # type: ignore[method-assign]
        if job.get("counted"):
            counter.install()
        if command := job.get("command"):
            code = app(command, standalone_mode=False) or 0
        else:
            refreshing._run_job = run_publication if job.get("only_publication") else run_nodes
            home = Home.locate()
            done = refreshing.refresh(home, FEED, job["period"], progress)
            result["did_nothing"] = done.did_nothing
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException as problem:  # noqa: BLE001 - whatever ends a child is its answer
        code, result["error"], result["kind"] = 1, described(problem), type(problem).__name__
        code = getattr(problem, "exit_code", 1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    result |= {"calls": counter.count, "seconds": progress.seconds}
    answer.write_text(json.dumps(result), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _no_refresh_lock(
    self: Lake, name: str, waiting: Callable[[], None] | None = None
) -> AbstractContextManager[None]:
    if name.startswith("refresh_"):
        return nullcontext()
    return leftovers.locked(self.root / "locks" / f"{name}.lock", waiting)


def start(job: dict[str, Any], answer: Path, output: Path) -> int:
    pid = os.fork()
    if pid == 0:
        written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(written, 1)
        os.dup2(written, 2)
        child(job, answer)
    return pid


def run(jobs: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    started = []
    for number, job in enumerate(jobs):
        answer, output = folder / f"{number}.json", folder / f"{number}.txt"
        for old in (answer, answer.with_suffix(".node")):
            old.unlink(missing_ok=True)
        started.append((job, start(job, answer, output), answer, output))
        time.sleep(job.get("then_wait", 0))
    results = []
    for job, pid, answer, output in started:
        if "seconds" in job:
            end = time.monotonic() + job["seconds"]
            while (
                time.monotonic() < end
                and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
            ):
                time.sleep(0.01)
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        node = answer.with_suffix(".node")
        said = json.loads(answer.read_text(encoding="utf-8")) if answer.is_file() else {}
        results.append(
            {
                **said,
                "killed": os.WIFSIGNALED(status),
                "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
                "node": node.read_text(encoding="utf-8") if node.is_file() else None,
                "output": output.read_text(encoding="utf-8"),
            }
        )
    return results


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # nothing that a library prints may get between the answers
    nodes("england_quarterly")
    builds.judge = within_bounds
    folder = Path(sys.argv[1])
    for line in sys.stdin:
        answers.write(json.dumps(run(json.loads(line), folder)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
