"""The cohort, one row per person: drawn patients."""

from tests.scenarios.drawing import Scenario
from tests.scenarios.nodes import check, scenarios_of


@scenarios_of("people")
def test_drawn_patients(scenario: Scenario):
    check(scenario)
