"""Kaplan-Meier survival by nation, Alliance, trust and subgroup."""

import datetime as dt

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.indicators.definitions import SURVIVAL_RESTS_ON, supported
from naome_pipeline.indicators.registry import registry
from naome_pipeline.outcomes.survival import survival_estimates


def _followed_to(delivered: Delivered) -> dt.date:
    return delivered.followed_to(registry().followed_in(SURVIVAL_RESTS_ON))


def _make(context: BuildContext) -> None:
    facts = context.engine.fetch(
        "SELECT person_id, mbc_date, days_to_death, nation, alliance_code, trust_code FROM person_facts "
        "WHERE NOT died_undated ORDER BY person_id"
    )
    subgroups = context.engine.fetch("SELECT * FROM person_subgroups")
    definitions = context.engine.fetch("SELECT indicator, nations FROM indicator_definitions")
    facts = supported(facts, definitions, SURVIVAL_RESTS_ON)
    context.write_frame(survival_estimates(facts, subgroups, _followed_to(context.delivered)))


node = Node(
    layer="outcomes",
    name="survival_estimates",
    description="Kaplan-Meier survival at 1, 3 and 5 years with log-log intervals, median and restricted mean, of "
    "nation, Alliances, trusts and, for the nation, subgroups.",
    make=_make,
    inputs=("person_facts", "indicator_definitions", "person_subgroups"),
    parameter_names=("survival_days_1y", "survival_days_3y", "survival_days_5y", "restricted_mean_days"),
    uses_delivery=lambda delivered, previous, lake: {"followed_to": _followed_to(delivered)},
)
