"""One refresh in a process of its own, measured node by node: time, CPU, memory; gates apart from the rest.

`python -m benchmarks.measured_refresh HOME FEED PERIOD` prints one JSON object. What belongs here: measuring. What does not:
what is refreshed and beside what it is put (`run.py`).
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from assets import executor
from naome_pipeline import apart, build
from naome_pipeline.home import Home
from naome_pipeline.refreshing import refresh

_PAUSE = 0.05  # seconds between two looks at the memory


def cpu_seconds() -> float:
    """User and system time so far of this process and of those it has ended."""
    used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(of.ru_utime + of.ru_stime for of in used)


def _resident_bytes() -> int:
    """Memory of this process and of those that calculate for it."""
    pages = 0
    for process in ("self", *apart.running()):
        with suppress(FileNotFoundError, ProcessLookupError):
            pages += int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def _length(spans: list[tuple[float, float]]) -> float:
    return sum(ended - began for began, ended in spans)


class Stopwatch:
    """What each node took, and what the gates and Dagster's steps took in all. Nodes run in several threads."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.nodes: dict[str, dict[str, float]] = {}
        # When each gate and each step of Dagster (a node and what is done around it) began and ended.
        self.gates: list[tuple[float, float]] = []
        self.steps: list[tuple[float, float]] = []
        self._began: dict[str, float] = {}
        self._peaks: dict[str, int] = {}
        self.peak = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def report(self, node: str, state: str) -> None:
        """Called by the refresh as nodes start and end. `began` is in seconds since the stopwatch was made."""
        with self._lock:
            if state == "started":
                self._began[node] = time.monotonic()
                self._peaks[node] = _resident_bytes()
            elif node in self._began:
                self.nodes[node] = {
                    "began": self._began[node] - self.started,
                    "seconds": time.monotonic() - self._began[node],
                    "peak_bytes": max(self._peaks.pop(node), _resident_bytes()),
                }

    @staticmethod
    def noting(spans: list[tuple[float, float]], function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, which adds when it began and ended to `spans`."""

        def measured(*args: Any, **kwargs: Any) -> Any:
            started = time.monotonic()
            try:
                return function(*args, **kwargs)
            finally:
                spans.append((started, time.monotonic()))

        return measured

    def orchestration(self, seconds: float) -> tuple[float, float]:
        """Thread seconds of Dagster (start, end, around nodes), and of everything, in a run of so many seconds."""
        covered, reached = 0.0, 0.0
        for began, ended in sorted(self.steps):
            covered += max(0.0, ended - max(began, reached))
            reached = max(reached, ended)
        in_steps = _length(self.steps)
        in_nodes = sum(entry["seconds"] for entry in self.nodes.values())
        outside = seconds - covered
        return in_steps - in_nodes + outside, in_steps + outside

    def watch(self) -> None:
        """Look at the memory until the end."""
        while not self._ended.wait(_PAUSE):
            now = _resident_bytes()
            with self._lock:
                self.peak = max(self.peak, now)
                for node, peak in self._peaks.items():
                    self._peaks[node] = max(peak, now)

    def end(self) -> None:
        """Stop looking."""
        self._ended.set()


def main(home: str, feed: str, period: str) -> None:
    """Refresh and print what it took."""
    watch = Stopwatch()
    build.profile_table = watch.noting(watch.gates, build.profile_table)
    build.judge = watch.noting(watch.gates, build.judge)
    executor._run_step = watch.noting(watch.steps, executor._run_step)
    looking = threading.Thread(target=watch.watch, daemon=True)
    looking.start()
    started = time.monotonic()
    done = refresh(Home.locate(home), feed, period, watch.report)
    seconds = time.monotonic() - started
    watch.end()
    looking.join()
    orchestration, everything = watch.orchestration(seconds)
    result = {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds(),
        "peak_bytes": max(watch.peak, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024),
        "gate_seconds": _length(watch.gates),
        "orchestration_seconds": orchestration,
        "thread_seconds": everything,
        "did_nothing": done.did_nothing,
        "reason": done.reason,
        "nodes": watch.nodes,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:4])
