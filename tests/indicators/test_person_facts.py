"""The facts indicators ask for, at their edges: drawn patients."""

from tests.scenarios.drawing import Scenario
from tests.scenarios.nodes import check, scenarios_of


@scenarios_of("person_facts")
def test_drawn_patients(scenario: Scenario):
    check(scenario)
