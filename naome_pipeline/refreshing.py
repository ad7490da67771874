"""Running a refresh from the command line: the same Dagster job the UI and the schedule run.

What belongs here: preparing the Dagster home, knowing when there is nothing to do, running the job with visible
progress. What does not: the job itself (`assets/`). Dagster is imported only when a run is really needed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from naome_pipeline.build import PACKAGE, Delivered, reporting_progress
from naome_pipeline.disclosure.policy import policy_in_force
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake, Scope, write_atomically
from naome_pipeline.periods import parse_period

PROJECT = PACKAGE.parent
STATE_FILE = "refreshed.json"


class RefreshFailed(RuntimeError):
    """A refresh did not complete; the message says at which node and why."""


@dataclass(frozen=True)
class Refreshed:
    """The outcome of a refresh: what was released, and whether there was anything to do."""

    scope: Scope
    did_nothing: bool
    reason: str


def prepare_dagster_home(home: Home) -> Path:
    """Put the project's instance file where Dagster looks for it and point the environment at it."""
    home.create()
    source, target = PROJECT / "dagster.yaml", home.dagster / "dagster.yaml"
    if not target.is_file() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ["NAOME_HOME"] = str(home.root)
    return home.dagster


def code_identity() -> str:
    """Hash of everything that decides the content of tables: the package, the DAG, the gates."""
    digest = hashlib.sha256()
    for folder in ("naome_pipeline", "assets", "expectations"):
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(PROJECT).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def refresh(home: Home, feed: str, period: str, report: Callable[[str, str], None]) -> Refreshed:
    """Refresh one period from its newest accepted delivery; `report(node, state)` is called as nodes run.

    Raises RefreshFailed when a node fails, DeliveryError when there is no delivery. Nothing is done when this
    delivery was refreshed with this code before.
    """
    prepare_dagster_home(home)
    lake = Lake(home.lake)
    delivered = Delivered.newest(home, feed, period)
    scope = delivered.scope
    state = {
        "delivery": delivered.accepted.fingerprint,
        "code": code_identity(),
        "policy": policy_in_force().id,
    }
    state_path = home.lake / "releases" / scope.folder / STATE_FILE
    released = scope in lake.released_versions(feed, scope.period)
    if released and state_path.is_file() and json.loads(state_path.read_text(encoding="utf-8")) == state:
        reason = (
            "this delivery was refreshed before with the same code, parameters, gates and disclosure policy"
        )
        return Refreshed(scope, True, reason)
    with reporting_progress(report):
        _run_job(feed, parse_period(feed, period).key)
    write_atomically(state_path, json.dumps(state))
    return Refreshed(scope, False, "")


def _run_job(feed: str, partition_key: str) -> None:
    import dagster as dg

    from assets.automation import refresh_job_name
    from assets.definitions import defs

    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def(refresh_job_name(feed)).execute_in_process(
            partition_key=partition_key, instance=instance, raise_on_error=False
        )
    if not result.success:
        failures = [e for e in result.all_events if e.is_step_failure]
        messages = []
        for event in failures:
            data = event.step_failure_data
            described = data.user_failure_data.description if data.user_failure_data else None
            cause = data.error.message if data.error else "unknown"
            messages.append(f"{event.step_key}: {described or cause}")
        raise RefreshFailed("; ".join(messages) or "the run did not complete")
