"""Which COSD records describe the diagnosis: drawn patients."""

from tests.scenarios.drawing import Scenario
from tests.scenarios.nodes import check, scenarios_of


@scenarios_of("cosd_at_diagnosis")
def test_drawn_patients(scenario: Scenario):
    check(scenario)
