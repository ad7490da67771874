"""Whether the process of a run still works: what Dagster's monitoring asks the launcher, and its default one cannot say.

What belongs here: the mark that a working run holds, and reading it. What does not: what happens to a run whose process is
gone, which is Dagster's own (`run_monitoring` and `run_retries` in `dagster.yaml`).

The mark is a lock of the operating system: it ends with the process, however that ended, with the machine too. Whoever
runs a plan holds it, a run of the command line as well as one that was launched.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus

from naome_pipeline.leftovers import is_abandoned, marked

_FOLDER = "working"
_ENDED = "its process ended without a word: killed, out of memory, or the machine went down"
# Longer than a run may take (`max_runtime_seconds`): what an older mark could say has been said.
_KEPT_SECONDS = 7 * 24 * 3600


class WatchedRunLauncher(dg.DefaultRunLauncher):
    """Dagster's default launcher, which can also say whether a run's process works. `dagster.yaml` names it."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes: this is what it adds."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Not found when its mark is there and nobody holds it; without one it is about to begin or about to end."""
        if is_abandoned(_mark(self._instance, run.run_id)):
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, _ENDED)
        return CheckRunHealthResult(WorkerStatus.RUNNING)


@contextmanager
def working(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Hold the mark of a run while the block runs."""
    mark = _mark(instance, run_id)
    _forget_old_marks(mark.parent)
    with marked(mark):
        yield


def _mark(instance: dg.DagsterInstance, run_id: str) -> Path:
    return Path(instance.root_directory) / _FOLDER / run_id


def _forget_old_marks(folder: Path) -> None:
    for mark in folder.glob("*"):
        with suppress(FileNotFoundError):  # its run has just ended
            if time.time() - mark.stat().st_mtime > _KEPT_SECONDS and is_abandoned(mark):
                mark.unlink()
