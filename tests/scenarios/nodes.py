"""Running the drawn patients of one node: what each test file of a node calls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.drawing import Scenario, concluded, scenarios

ROOT = Path(__file__).parent.parent


def scenarios_of(node: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Parametrise a test over the scenarios of a node, as the argument `scenario`."""
    drawn = [s for s in scenarios() if s.node == node]
    if not drawn:
        raise ValueError(f"no scenario is drawn for {node}")
    return pytest.mark.parametrize("scenario", drawn, ids=lambda s: s.title)


def check(scenario: Scenario) -> None:
    """Every drawn person ends as the scenario says."""
    for row in scenario.expected:
        letter = row["person"]
        found = {column: concluded(scenario, letter, column) for column in row if column != "person"}
        expected = {column: cell for column, cell in row.items() if column != "person"}
        assert found == expected, f"person {letter}"
