"""Homes with deliveries and refreshes, for the tests of the whole pipeline."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from assets.feeds import nodes
from naome_pipeline.build import Delivered, build
from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.disclosure.policy import ENVIRONMENT_VARIABLE
from naome_pipeline.engine import Engine, EngineSettings, look_into_files, run
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake
from naome_pipeline.refreshing import refresh
from naome_pipeline.synthetic import write_delivery

FEED = "england_quarterly"
PERIOD = "2025Q3"
VOLUME = 0.05


@dataclass
class Refreshed:
    """A home after a refresh, with the truth of its delivery. `made`: of one that was not refreshed, the tables there are: each
    is made when it is first read, with what it comes from."""

    home: Home
    delivery: Path
    truth: Path
    feed: str = FEED
    period: str = PERIOD
    made: set[str] | None = None

    @property
    def lake(self) -> Lake:
        return Lake(self.home.lake)

    def frame(self, table: str) -> pd.DataFrame:
        if self.made is not None:
            build_up_to(table, self.home, self.feed, self.period, self.made)
        return self.lake.frame(table, feed=self.feed, period=self.period)

    def true(self, table: str) -> pd.DataFrame:
        return read_parquet(self.truth / f"{table}.parquet")

    def lake_snapshot(self) -> dt.date:
        """The snapshot date of the release readers see."""
        scope = self.lake.reading_scope(self.feed, self.period)
        return dt.date.fromisoformat(self.lake.release(scope)["snapshot_date"])

    def quarantine(self) -> pd.DataFrame:
        self.frame("delivered_rows")  # comes from every source table
        scope = self.lake.reading_scope(self.feed, self.period)
        names = [n for n, layer in self.lake.published_names(scope).items() if layer == "sources"]
        paths = [self.lake.published(scope, n).quarantine_path for n in names]
        frames = [read_parquet(p) for p in paths if p.is_file()]
        return pd.concat([f for f in frames if len(f)], ignore_index=True)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    settings = EngineSettings.from_environment(Path(tempfile.gettempdir()))
    return duckdb.connect(":memory:", config=settings.as_config())


@contextmanager
def engine_of_a_node() -> Iterator[Engine]:
    """An engine with a database of its own within one that serves the process: to open one for each of the ninety nodes of a
    release takes two of its fifteen seconds."""
    name = f"node_{uuid.uuid4().hex}"
    try:
        with _database().cursor() as connection:
            run(connection, f"ATTACH ':memory:' AS {name}")
            run(connection, f"USE {name}")
            yield Engine(connection)
    finally:
        with _database().cursor() as connection:
            run(connection, f"DETACH DATABASE IF EXISTS {name}")


def read_parquet(path: Path) -> pd.DataFrame:
    with look_into_files() as connection:
        return connection.execute(f"SELECT * FROM read_parquet('{path}')").fetchdf()


def silent(node: str, state: str) -> None:
    """Report nothing."""


def build_every_node(home: Home, policy: str = "internal", feed: str = FEED, period: str = PERIOD) -> None:
    """What a refresh does, node by node without Dagster: half a minute less of events per refresh.

    Nothing is hidden unless a policy is named: most tests look at what lies before disclosure control.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENVIRONMENT_VARIABLE, policy)
        _build_every_node(home, feed, period)


def _build_every_node(home: Home, feed: str, period: str) -> None:
    delivered, lake = Delivered.newest(home, feed, period), Lake(home.lake)
    waiting, done = list(nodes(feed)), set()
    while waiting:
        node = next(n for n in waiting if set(n.inputs) <= done)
        with engine_of_a_node() as engine:
            build(node, delivered, lake, engine)
        waiting.remove(node)
        done.add(node.name)


def build_up_to(
    table: str, home: Home, feed: str = FEED, period: str = PERIOD, done: set[str] | None = None
) -> Path:
    """One table of the newest delivery, with nothing made that it does not come from. `done`: what has been made of it."""
    delivered, lake = Delivered.newest(home, feed, period), Lake(home.lake)
    known, needed = {node.name: node for node in nodes(feed)}, [table]
    for name in needed:
        needed += [other for other in known[name].inputs if other not in needed]
    done = set() if done is None else done
    while todo := [known[n] for n in needed if n not in done and set(known[n].inputs) <= done]:
        with engine_of_a_node() as engine:
            build(todo[0], delivered, lake, engine)
        done.add(todo[0].name)
    return lake.published(delivered.scope, table).path


def leave_out(delivery: Path, names: Collection[str], version: int = 1) -> None:
    """Take files out of a delivery and its manifest."""
    for name in names:
        (delivery / name).unlink()
    if names:
        kept = ("feed", "period", "layout", "snapshot_date", "synthetic")
        said = read_manifest(delivery).model_dump(include=set(kept))
        write_manifest(delivery, **said, version=version)


def make_release(
    folder: Path,
    *,
    through_dagster: bool = True,
    when_read: bool = False,
    policy: str = "internal",
    without: Collection[str] = (),
    **options: Any,
) -> Refreshed:
    """Write a synthetic delivery, receive it and refresh, all under `folder`. `policy`: of a build without Dagster;
    `without`: files that were not delivered; `when_read`: no table is made before a test reads it, and nothing is published."""
    delivery = folder / "delivery"
    arguments: dict = {"feed": FEED, "period": PERIOD, "seed": 7, "volume": VOLUME} | options
    write_delivery(delivery, **arguments)
    leave_out(delivery, without)
    feed, period = arguments["feed"], arguments["period"]
    home = Home.locate(folder / "home").create()
    receive_delivery(delivery, home.landing)
    if when_read:
        return Refreshed(home, delivery, folder / "delivery-truth", feed, period, made=set())
    if through_dagster:
        refresh(home, feed, period, silent)
    else:
        build_every_node(home, policy, feed, period)
    return Refreshed(home, delivery, folder / "delivery-truth", feed, period)


def ordinary_release(factory: pytest.TempPathFactory) -> Refreshed:
    """A copy of one release, refreshed by Dagster, that several files of tests begin with: whoever is first makes it."""
    root = factory.getbasetemp()
    # The folder of all workers of a run, where there are several.
    original = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "ordinary_release"
    with original.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (original / "done").exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(ENVIRONMENT_VARIABLE, "internal")
                make_release(original, people=1_500, dirt=0.01)
            (original / "done").touch()
    folder = factory.mktemp("ordinary") / "release"
    shutil.copytree(original, folder, symlinks=True)
    return Refreshed(Home.locate(folder / "home"), folder / "delivery", folder / "delivery-truth")


def united(release: Refreshed, policy: str = "internal", *, when_read: bool = False) -> Refreshed:
    """The release of the joint feed over what has been released in a home. `when_read`: as in `make_release`."""
    feed, made = "annual", set[str]() if when_read else None
    if not when_read:
        build_every_node(release.home, policy, feed, release.period)
    return Refreshed(release.home, release.delivery, release.truth, feed, release.period, made)
