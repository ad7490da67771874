"""Which sources say that disease had spread at diagnosis: drawn patients."""

from tests.scenarios.drawing import Scenario
from tests.scenarios.nodes import check, scenarios_of


@scenarios_of("evidence_ledger")
def test_drawn_patients(scenario: Scenario):
    check(scenario)
