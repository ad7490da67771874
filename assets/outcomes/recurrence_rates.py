"""Distant recurrence after early breast cancer by years since diagnosis, death competing (experimental)."""

import datetime as dt

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.indicators.registry import registry
from naome_pipeline.outcomes.recurrence import EARLY, recurrence_rates


def _followed_to(delivered: Delivered) -> dt.date:
    return delivered.followed_to(registry().followed_in(["R1"]))


def _make(context: BuildContext) -> None:
    early = context.engine.fetch(EARLY)
    recurrences = context.engine.fetch("SELECT person_id, recurrence_date, certainty FROM recurrences")
    context.write_frame(recurrence_rates(early, recurrences, _followed_to(context.delivered)))


node = Node(
    layer="outcomes",
    name="recurrence_rates",
    description="Cumulative incidence of distant recurrence after early breast cancer, by years since diagnosis and by "
    "certainty of the evidence, death competing. Experimental.",
    make=_make,
    inputs=("cohort_assessment", "recurrences"),
    uses_delivery=lambda delivered, previous, lake: {"followed_to": _followed_to(delivered)},
)
