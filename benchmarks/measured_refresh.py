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
from pathlib import Path
from typing import Any

from naome_pipeline import build
from naome_pipeline.home import Home
from naome_pipeline.refreshing import refresh

_PAUSE = 0.05  # seconds between two looks at the memory


def cpu_seconds() -> float:
    """User and system time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


class Stopwatch:
    """What each node took, and what the gates took in all."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, float]] = {}
        self.gates = 0.0
        self._began: dict[str, tuple[float, float]] = {}
        self._peak = 0
        self._ended = threading.Event()

    def report(self, node: str, state: str) -> None:
        """Called by the refresh as nodes start and end."""
        if state == "started":
            self._began[node] = (time.monotonic(), cpu_seconds())
            self._peak = _resident_bytes()
        else:
            wall, cpu = self._began[node]
            self.nodes[node] = {
                "seconds": time.monotonic() - wall,
                "cpu_seconds": cpu_seconds() - cpu,
                "peak_bytes": max(self._peak, _resident_bytes()),
            }

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time counted as the gates'."""

        def measured(*args: Any, **kwargs: Any) -> Any:
            started = time.monotonic()
            try:
                return function(*args, **kwargs)
            finally:
                self.gates += time.monotonic() - started

        return measured

    def watch(self) -> None:
        """Look at the memory until the end."""
        while not self._ended.wait(_PAUSE):
            self._peak = max(self._peak, _resident_bytes())

    def end(self) -> None:
        """Stop looking."""
        self._ended.set()


def main(home: str, feed: str, period: str) -> None:
    """Refresh and print what it took."""
    watch = Stopwatch()
    build.profile_table = watch.timed(build.profile_table)
    build.judge = watch.timed(build.judge)
    looking = threading.Thread(target=watch.watch, daemon=True)
    looking.start()
    started = time.monotonic()
    done = refresh(Home.locate(home), feed, period, watch.report)
    seconds = time.monotonic() - started
    watch.end()
    in_nodes = sum(entry["seconds"] for entry in watch.nodes.values())
    result = {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds(),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "gate_seconds": watch.gates,
        "orchestration_seconds": seconds - in_nodes,
        "did_nothing": done.did_nothing,
        "reason": done.reason,
        "nodes": watch.nodes,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:4])
