"""Fixtures: one release per set of options and file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from naome_pipeline.disclosure.policy import ENVIRONMENT_VARIABLE
from naome_pipeline.home import Home
from tests.pipeline.releases import Refreshed, make_release


@pytest.fixture(scope="module", autouse=True)
def _nothing_hidden() -> Iterator[None]:
    """These tests look at what lies before disclosure control, which takes half of a small refresh; those that look at it
    name a policy, and the command line's refresh with the default one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENVIRONMENT_VARIABLE, "internal")
        yield


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Refreshed]:
    """`make(people=…, dirt=…)` gives a refreshed home in a folder of its own."""

    def _make(**options: Any) -> Refreshed:
        return make_release(tmp_path_factory.mktemp("release"), **options)

    return _make


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[Refreshed], Refreshed]:
    """A copy of a home that a test may change."""

    def _copied(release: Refreshed) -> Refreshed:
        target = tmp_path / "home"
        shutil.copytree(release.home.root, target, symlinks=True)
        return Refreshed(Home.locate(target), release.delivery, release.truth)

    return _copied
