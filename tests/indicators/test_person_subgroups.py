"""Who belongs to which subgroup: drawn patients."""

from tests.scenarios.drawing import Scenario
from tests.scenarios.nodes import check, scenarios_of


@scenarios_of("person_subgroups")
def test_drawn_patients(scenario: Scenario):
    check(scenario)
