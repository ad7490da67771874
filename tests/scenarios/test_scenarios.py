"""Every drawn patient through the pipeline's own SQL; the page for clinicians shows the same lines."""

import pytest

from naome_pipeline.indicators.registry import registry
from tests.scenarios.drawing import Scenario, concluded, rendered, scenarios
from tests.scenarios.render import PAGE


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda s: f"{s.number:03d} {s.title}")
def test_scenario(scenario: Scenario):
    for row in scenario.expected:
        letter = row["person"]
        found = {column: concluded(scenario, letter, column) for column in row if column != "person"}
        expected = {column: cell for column, cell in row.items() if column != "person"}
        assert found == expected, f"person {letter}"


def test_every_computable_indicator_has_a_drawn_patient_who_counts_and_one_who_does_not():
    seen: dict[str, set[str]] = {}
    for scenario in scenarios():
        for row in scenario.expected:
            for column, cell in row.items():
                seen.setdefault(column, set()).add(cell)
    for indicator in registry().indicators.values():
        if indicator.denominator.where == "FALSE" or indicator.numerator.where == "FALSE":
            continue
        drawn = seen.get(indicator.id, set())
        assert drawn - {"no", "not counted"}, f"{indicator.id}: nobody is drawn in the numerator"
        if indicator.measure != "days":
            assert "no" in drawn, f"{indicator.id}: nobody is drawn outside the numerator"


def test_page_is_made_from_the_scenarios():
    assert PAGE.read_text(encoding="utf-8") == rendered(), "run: python -m tests.scenarios.render"
