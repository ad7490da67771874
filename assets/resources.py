"""Connections: the home folder with its deliveries and lake, and the DuckDB engine.

What belongs here: everything a node reaches outside itself. What does not: periods or jobs.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import dagster as dg
from dagster_duckdb import DuckDBResource

from naome_pipeline.apart import end_calculations
from naome_pipeline.build import Delivered
from naome_pipeline.engine import Engine, EngineSettings
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake
from naome_pipeline.leftovers import held_folder, remove_leftovers

# A step uses its engine's threads for a part of its time only; two at a time keep two cores busy.
NODES_AT_A_TIME = 2
_open_engines: set[Engine] = set()
_delivering = threading.Lock()


def interrupt_engines() -> None:
    """Stop what the engines of all running steps do, and what is calculated for them apart: those steps fail."""
    end_calculations()
    for engine in tuple(_open_engines):
        engine.connection.interrupt()


@lru_cache(maxsize=8)
def _delivered(home: Home, feed: str, period: str, run_id: str) -> Delivered:
    # Once per run: what a killed run left behind goes before a new one adds its own.
    remove_leftovers(home)
    return Delivered.newest(home, feed, period)


class PipelineResource(dg.ConfigurableResource):
    """The home folder and the bounds of one step's engine. Empty values mean: from the environment."""

    home: str = ""
    threads: int = 0
    memory_limit: str = ""

    def locate(self) -> Home:
        """The home folder, made if it is not there."""
        return Home.locate(self.home or None).create()

    def lake(self) -> Lake:
        """The lake of the home folder."""
        return Lake(self.locate().lake)

    def delivered(self, feed: str, period: str, run_id: str) -> Delivered:
        """The newest accepted delivery of a period when the run began: one received meanwhile is for the next run."""
        with _delivering:
            return _delivered(self.locate(), feed, period, run_id)

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """An in-memory DuckDB for one step, closed whatever happens.

        DuckDBResource leaves its connection open when the body raises, so it is closed here.
        """
        scratch = self.locate().scratch
        with held_folder(lambda: scratch / uuid.uuid4().hex) as folder:
            settings = EngineSettings.from_environment(folder).divided(NODES_AT_A_TIME)
            if self.threads:
                settings = EngineSettings(self.threads, settings.memory_limit, settings.scratch)
            if self.memory_limit:
                settings = EngineSettings(settings.threads, self.memory_limit, settings.scratch)
            resource = DuckDBResource(database=":memory:", connection_config=dict(settings.as_config()))
            with resource.get_connection() as connection:
                engine = Engine(connection)
                _open_engines.add(engine)
                try:
                    yield engine
                finally:
                    _open_engines.discard(engine)
                    connection.close()
