"""Distant recurrence: drawn patients."""

from tests.scenarios.drawing import Scenario
from tests.scenarios.nodes import check, scenarios_of


@scenarios_of("recurrences")
def test_drawn_patients(scenario: Scenario):
    check(scenario)
