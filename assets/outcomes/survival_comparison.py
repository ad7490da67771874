"""Deaths of every trust against those expected from its people's case mix."""

import datetime as dt

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.indicators.definitions import SURVIVAL_RESTS_ON, supported
from naome_pipeline.indicators.registry import registry
from naome_pipeline.outcomes.survival import survival_comparison


def _followed_to(delivered: Delivered) -> dt.date:
    return delivered.followed_to(registry().followed_in(SURVIVAL_RESTS_ON))


def _make(context: BuildContext) -> None:
    facts = context.engine.fetch(
        "SELECT person_id, mbc_date, days_to_death, nation, alliance_code, trust_code FROM person_facts "
        "WHERE NOT died_undated ORDER BY person_id"
    )
    case_mix = context.engine.fetch("SELECT * FROM case_mix ORDER BY person_id")
    definitions = context.engine.fetch("SELECT indicator, nations FROM indicator_definitions")
    facts = supported(facts, definitions, SURVIVAL_RESTS_ON)
    context.write_frame(survival_comparison(facts, case_mix, _followed_to(context.delivered)))


node = Node(
    layer="outcomes",
    name="survival_comparison",
    description="Observed deaths of every trust against those a Cox model expects from age, fitness, sites and the rest "
    "of its people's case mix; exact Poisson limits, state and direction.",
    make=_make,
    inputs=("person_facts", "indicator_definitions", "case_mix"),
    uses_delivery=lambda delivered, previous, lake: {"followed_to": _followed_to(delivered)},
)
