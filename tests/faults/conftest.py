"""Homes of the fault tests: before and after a corrected delivery was refreshed, undisturbed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from naome_pipeline.home import Home
from tests.faults.processes import Worker, copy_of, deliveries, receive, received, warm


@dataclass
class Homes:
    """`before`: version 1 released, version 2 received. `after`: version 2 released too. `almost`: all but published.
    `partly`: before, with most of the data made already. `seconds`: of each node of the refresh between the first two, in
    the order in which they ran."""

    before: Home
    after: Home
    almost: Home
    partly: Home
    delivered: dict[str, Path]
    seconds: dict[str, float]


def make_homes(worker: Worker, folder: Path) -> Homes:
    delivered = deliveries(folder / "deliveries")
    before = received(folder / "before", delivered["first"])
    worker.refreshed(before)
    receive(delivered["corrected"], before)
    after = copy_of(before, folder / "after")
    seconds = worker.refreshed(after)["seconds"]
    almost = warm(before, after, folder / "almost")
    scope = "england_quarterly/2025Q3/v002"
    shutil.copytree(after.lake / "deliveries" / scope, almost.lake / "deliveries" / scope)
    partly = warm(before, after, folder / "partly")
    made = {path.relative_to(after.lake) for path in (after.lake / "data").glob("*/*/*")}
    known = {path.relative_to(before.lake) for path in (before.lake / "data").glob("*/*/*")}
    for path in sorted(made - known)[::6]:
        shutil.rmtree(partly.lake / path)
    return Homes(before, after, almost, partly, delivered, seconds)


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    started = Worker(tmp_path_factory.mktemp("worker"))
    yield started
    started.end()


@pytest.fixture(scope="module")
def homes(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Homes:
    return make_homes(worker, tmp_path_factory.mktemp("homes"))
