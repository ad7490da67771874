"""What providers are compared after: drawn patients."""

from tests.scenarios.drawing import Scenario
from tests.scenarios.nodes import check, scenarios_of


@scenarios_of("case_mix")
def test_drawn_patients(scenario: Scenario):
    check(scenario)
