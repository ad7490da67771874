"""Running a refresh from the command line: the same Dagster job the UI and the schedule run.

What belongs here: preparing the Dagster home, knowing when there is nothing to do, running the job with visible
progress. What does not: the job itself (`assets/`). Dagster is imported only when a run is really needed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from naome_pipeline.build import PACKAGE, Delivered, reporting_progress
from naome_pipeline.damage import damage_of_release, damage_of_views
from naome_pipeline.deliveries.layouts import feed as feed_definition
from naome_pipeline.deliveries.receiving import accepted_deliveries
from naome_pipeline.disclosure.policy import policy_in_force
from naome_pipeline.errors import Refused
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.leftovers import remove_leftovers, write_atomically
from naome_pipeline.logs import log
from naome_pipeline.periods import parse_period
from naome_pipeline.stored import Damaged, as_json, fingerprint_of, read_json
from naome_pipeline.troubles import INTERRUPTED, described
from naome_pipeline.views import VIEWS_FILE, rebuild_views

PROJECT = PACKAGE.parent
# The command line says itself what failed; Dagster's console would add a traceback. Its event log has everything.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
STATE_FILE = "refreshed.json"
DATABASE_VARIABLE, DATABASE_DRIVER = "NAOME_DAGSTER_DATABASE", "postgresql+psycopg2://"


class RefreshFailed(RuntimeError):
    """A refresh did not complete; the message says at which node and why."""


@dataclass(frozen=True)
class Refreshed:
    """The outcome of a refresh: what was released, whether there was anything to do, and why not; `said` when it is another
    edition of what was released before."""

    scope: Scope
    did_nothing: bool
    reason: str
    said: str = ""


def prepare_dagster_home(home: Home) -> Path:
    """Put the project's instance file where Dagster looks for it and point the environment at it.

    With a database named in NAOME_DAGSTER_DATABASE it is the one for production.
    """
    home.create()
    production = os.environ.get(DATABASE_VARIABLE)
    if production and not production.startswith(DATABASE_DRIVER):
        raise Refused(
            f"{DATABASE_VARIABLE} does not begin with {DATABASE_DRIVER}. What to do: write the address so; plain "
            "postgresql:// asks for a driver that is not installed"
        )
    source = PROJECT / "deploy" / "dagster.yaml" if production else PROJECT / "dagster.yaml"
    target = home.dagster / "dagster.yaml"
    if not target.is_file() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ["NAOME_HOME"] = str(home.root)
    # What a run plans (each table and each check) goes to the event log together.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "2000")
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
    delivery was refreshed with this code before and everything it made is still whole. Refreshes of one feed wait
    for each other: a release is compared with the one before and hides what that one showed. A joint feed refreshes
    its parts first, those that have a delivery of the period.
    """
    prepare_dagster_home(home)
    for part in feed_definition(feed).parts:
        if accepted_deliveries(home.landing, part, parse_period(part, period).code):
            refresh(home, part, period, lambda node, state, part=part: report(f"{part}/{node}", state))
    lake = Lake(home.lake)
    delivered = Delivered.newest(home, feed, period)
    about = {"feed": feed, "period": delivered.scope.period}
    with lake.lock(
        f"refresh_{delivered.scope.feed}", lambda: report(f"another refresh of {feed}", "waiting for")
    ):
        remove_leftovers(home)
        log(home, "refresh started", **about)
        try:
            done = _refresh(home, lake, feed, period, report)
        except Exception as problem:
            log(home, "refresh failed", **about, message=described(problem))
            raise
        log(
            home,
            "nothing to refresh" if done.did_nothing else "released",
            **about,
            version=done.scope.version,
        )
        return done


def _refresh(home: Home, lake: Lake, feed: str, period: str, report: Callable[[str, str], None]) -> Refreshed:
    delivered = Delivered.newest(home, feed, period)
    scope = delivered.scope
    state = {
        "delivery": delivered.accepted.fingerprint,
        "code": code_identity(),
        "policy": policy_in_force().id,
    }
    state_path = home.lake / "releases" / scope.folder / STATE_FILE
    if _known_state(lake, scope, state_path) == state and not damage_of_release(home, lake, scope):
        if damage_of_views(home.lake / VIEWS_FILE):
            with lake.lock("publishing"):
                rebuild_views(lake)
        reason = (
            "this delivery was refreshed before with the same code, parameters, gates and disclosure policy, "
            "and its tables and reports are whole"
        )
        return Refreshed(scope, True, reason)
    before = lake.editions(scope)[-1:]
    # Whatever happens from here on, what is there is no longer known to be of this state.
    state_path.unlink(missing_ok=True)
    with reporting_progress(report):
        _run_job(feed, parse_period(feed, period).key)
    if scope not in lake.released_versions(feed, scope.period):
        raise RefreshFailed(f"the run ended without a release of {scope.label}. What to do: run it again")
    write_atomically(state_path, as_json({**state, "release": _release_sha256(lake, scope)}))
    return Refreshed(scope, False, "", _said_of_edition(lake, scope, before))


def _said_of_edition(lake: Lake, scope: Scope, before: list[int]) -> str:
    """What to tell whoever refreshed a delivery again and got something else than was published of it."""
    record = lake.release(scope)
    if not before or record["edition"] == before[-1]:
        return ""
    name, changed = f"{scope.period}:{scope.version}", record.get("numbers_changed_since_last_edition")
    told = (
        "; its numbers cannot be compared with those of the edition before"
        if changed is None
        else f"; {changed:,} published numbers of indicators differ. See: naome release diff {name}.{before[-1]} {name} "
        f"--feed {scope.feed}"
    )
    return (
        f"this delivery was released before with other code, parameters or another disclosure policy: this is edition "
        f"{record['edition']} of its release{told}"
    )


def _known_state(lake: Lake, scope: Scope, path: Path) -> dict[str, str] | None:
    """What the present release was made from, or None when nobody knows: something else has written it since."""
    if scope not in lake.released_versions(scope.feed, scope.period) or not path.is_file():
        return None
    try:
        state = read_json(path)
        return state if state.pop("release", None) == _release_sha256(lake, scope) else None
    except Damaged:
        return None


def _release_sha256(lake: Lake, scope: Scope) -> str:
    return fingerprint_of(lake.release(scope))


def _run_job(feed: str, partition_key: str) -> None:
    import dagster as dg

    try:
        with dg.DagsterInstance.get() as instance:
            job = dg.build_reconstructable_job("assets.assembly", "refresh_job", (feed,))
            result = dg.execute_job(
                job, instance, run_config=_QUIET, tags={"dagster/partition": partition_key}
            )
    except dg.DagsterExecutionInterruptedError:
        raise RefreshFailed(INTERRUPTED) from None
    except Exception as problem:  # noqa: BLE001 - whatever Dagster raises
        # Nodes report their own failures; what comes through is Dagster's: its storage, mostly.
        raise RefreshFailed(described(problem)) from None
    if not result.success:
        failed: dict[str, list[str]] = {}
        for event in result.all_events:
            if event.is_step_failure:
                data = event.step_failure_data
                said = data.user_failure_data.description if data.user_failure_data else None
                message = said or (data.error.message if data.error else "unknown")
                failed.setdefault(message, []).append(str(event.step_key))
        # What fails several nodes (a disk that is full) is said once.
        said_once = "; ".join(f"{', '.join(steps)}: {message}" for message, steps in failed.items())
        raise RefreshFailed(said_once or "the run did not complete")
