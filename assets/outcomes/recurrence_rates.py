"""Distant recurrence after early breast cancer by years since diagnosis, death competing (experimental)."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.outcomes.recurrence import EARLY, recurrence_rates


def _make(context: BuildContext) -> None:
    early = context.engine.fetch(EARLY)
    recurrences = context.engine.fetch("SELECT person_id, recurrence_date, certainty FROM recurrences")
    context.write_frame(recurrence_rates(early, recurrences, context.delivered.snapshot_date))


node = Node(
    layer="outcomes",
    name="recurrence_rates",
    description="Cumulative incidence of distant recurrence after early breast cancer, by years since diagnosis and by "
    "certainty of the evidence, death competing. Experimental.",
    make=_make,
    inputs=("cohort_assessment", "recurrences"),
    uses_delivery=lambda delivered, previous, lake: {"snapshot_date": delivered.snapshot_date},
)
