"""Share of people treated by day 31 to 365, death before treatment competing."""

import datetime as dt

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.indicators.definitions import TREATMENT_RESTS_ON, supported
from naome_pipeline.indicators.registry import registry
from naome_pipeline.outcomes.survival import treatment_incidence


def _followed_to(delivered: Delivered) -> dt.date:
    return delivered.followed_to(registry().followed_in(TREATMENT_RESTS_ON))


def _make(context: BuildContext) -> None:
    facts = context.engine.fetch(
        "SELECT person_id, mbc_date, days_to_death, days_to_treatment, nation, alliance_code, trust_code "
        "FROM person_facts WHERE NOT died_undated ORDER BY person_id"
    )
    subgroups = context.engine.fetch("SELECT * FROM person_subgroups")
    definitions = context.engine.fetch("SELECT indicator, nations FROM indicator_definitions")
    facts = supported(facts, definitions, TREATMENT_RESTS_ON)
    context.write_frame(treatment_incidence(facts, subgroups, _followed_to(context.delivered)))


node = Node(
    layer="outcomes",
    name="treatment_incidence",
    description="Cumulative incidence of the first anti-cancer treatment by day 31, 62, 90, 180 and 365 with death "
    "competing, of nation, Alliances and, for the nation, subgroups.",
    make=_make,
    inputs=("person_facts", "indicator_definitions", "person_subgroups"),
    uses_delivery=lambda delivered, previous, lake: {"followed_to": _followed_to(delivered)},
)
