"""The drawn patients as a whole; `tests/cohort/` and `tests/indicators/` run them node by node."""

from naome_pipeline.indicators.listing import LISTED_LAYOUTS
from naome_pipeline.indicators.registry import registry
from tests.scenarios.drawing import rendered, scenarios
from tests.scenarios.nodes import ROOT
from tests.scenarios.render import PAGE


def test_every_indicator_has_a_drawn_patient_who_counts_and_one_who_does_not():
    """Of every entry of the registry, unless no feed at all supports it; then nobody may be drawn as counted."""
    seen: dict[str, set[str]] = {}
    for scenario in scenarios():
        for row in scenario.expected:
            for column, cell in row.items():
                seen.setdefault(column, set()).add(cell)
    for indicator in registry().indicators.values():
        drawn = seen.get(indicator.id, set())
        if set(indicator.unavailable) >= set(LISTED_LAYOUTS):
            assert "yes" not in drawn, f"{indicator.id}: somebody is drawn in what no feed supports"
            continue
        assert drawn - {"no", "not counted"}, f"{indicator.id}: nobody is drawn in the numerator"
        if indicator.measure == "cumulative incidence":
            assert any(cell.startswith("dies") for cell in drawn), (
                f"{indicator.id}: nobody is drawn who dies first"
            )
        elif indicator.measure != "days":
            assert "no" in drawn, f"{indicator.id}: nobody is drawn outside the numerator"


def test_page_is_made_from_the_scenarios():
    assert PAGE.read_text(encoding="utf-8") == rendered(), "run: python -m tests.scenarios.render"


def test_every_scenario_is_run_by_the_test_of_its_node():
    for node in {scenario.node for scenario in scenarios()}:
        found = [
            p
            for p in ROOT.glob(f"*/test_{node}.py")
            if f'scenarios_of("{node}")' in p.read_text(encoding="utf-8")
        ]
        assert len(found) == 1, node
