"""Spinal cord compression: drawn patients."""

from tests.scenarios.drawing import Scenario
from tests.scenarios.nodes import check, scenarios_of


@scenarios_of("cord_compressions")
def test_drawn_patients(scenario: Scenario):
    check(scenario)
