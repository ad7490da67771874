"""A drawn release, decided once for each file of tests; nobody changes it."""

from __future__ import annotations

import pytest

from benchmarks.disclosure import national_population
from naome_pipeline.disclosure.control import DisclosureControl
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.indicators.registry import registry


@pytest.fixture(scope="module")
def small() -> DisclosureControl:
    population, periods, eligible = national_population(trusts=16, alliances=3, size=9.0, seed=4)
    control = DisclosureControl(population, periods, eligible, registry(), policies()["public"])
    assert control.decide() == []
    return control
