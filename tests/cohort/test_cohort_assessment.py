"""The inclusion rules, in their order: drawn patients."""

from tests.scenarios.drawing import Scenario
from tests.scenarios.nodes import check, scenarios_of


@scenarios_of("cohort_assessment")
def test_drawn_patients(scenario: Scenario):
    check(scenario)
