"""Deaths of every trust against those expected from its people's case mix."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.indicators.definitions import SURVIVAL_RESTS_ON, supported
from naome_pipeline.outcomes.survival import survival_comparison


def _make(context: BuildContext) -> None:
    facts = context.engine.fetch(
        "SELECT person_id, mbc_date, days_to_death, nation, alliance_code, trust_code FROM person_facts "
        "ORDER BY person_id"
    )
    case_mix = context.engine.fetch("SELECT * FROM case_mix ORDER BY person_id")
    definitions = context.engine.fetch("SELECT indicator, nations FROM indicator_definitions")
    facts = supported(facts, definitions, SURVIVAL_RESTS_ON)
    context.write_frame(survival_comparison(facts, case_mix, context.delivered.snapshot_date))


node = Node(
    layer="outcomes",
    name="survival_comparison",
    description="Observed deaths of every trust against those a Cox model expects from age, fitness, sites and the rest "
    "of its people's case mix; exact Poisson limits, state and direction.",
    make=_make,
    inputs=("person_facts", "indicator_definitions", "case_mix"),
    uses_delivery=lambda delivered, previous, lake: {"snapshot_date": delivered.snapshot_date},
)
