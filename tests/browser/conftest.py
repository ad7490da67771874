"""One browser and each made-up release once, for all tests of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from naome_pipeline.reports.dashboard import PAGE_FILE, write_dashboard
from tests.browser.opening import Reader, chromium
from tests.reports.joint import joint_frames
from tests.reports.national import national_frames
from tests.reports.released_tables import frames, released

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def reader(browser) -> Iterator[Reader]:
    """Fails the test on any message of the console or any request but the page."""
    opened = Reader(browser)
    yield opened
    opened.close()
    assert opened.trouble == []


@pytest.fixture(scope="session")
def write(tmp_path_factory) -> Callable[[dict[str, pd.DataFrame]], str]:
    """Makes the page of some released tables; returns its address on disk."""

    def _write(tables: dict[str, pd.DataFrame]) -> str:
        folder = tmp_path_factory.mktemp("page")
        write_dashboard(released(folder, tables), folder)
        return (folder / PAGE_FILE).as_uri()

    return _write


@pytest.fixture(scope="session")
def nation() -> dict[str, pd.DataFrame]:
    """Every unit, some indicators; the whole nation is opened by the benchmark."""
    return national_frames(["P1", "P5", "P8", "P9", "P10_1y", "D5", "D6", "C1", "T1"])


@pytest.fixture(scope="session")
def national(write, nation) -> str:
    return write(nation)


@pytest.fixture(scope="session")
def small(write) -> str:
    return write(frames())


@pytest.fixture(scope="session")
def nations() -> dict[str, pd.DataFrame]:
    """The joint release of England and Wales."""
    return joint_frames()


@pytest.fixture(scope="session")
def joint(write, nations) -> str:
    return write(nations)
