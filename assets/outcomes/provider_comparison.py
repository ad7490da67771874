"""Every trust against the nation: funnel limits, states with direction, domains; unadjusted and risk adjusted."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.outcomes.comparison import provider_comparison


def _make(context: BuildContext) -> None:
    assessed = context.engine.fetch("SELECT * FROM assessed_people")
    definitions = context.engine.fetch("SELECT * FROM indicator_definitions ORDER BY position")
    models = context.engine.fetch("SELECT * FROM risk_models")
    treating = context.engine.fetch("SELECT * FROM treating_trusts")
    submitted = context.engine.fetch("SELECT * FROM submissions")
    context.write_frame(provider_comparison(assessed, definitions, models, treating, submitted))


node = Node(
    layer="outcomes",
    name="provider_comparison",
    description="Funnel of every performance indicator: exact interpolated limits, overdispersed limits beside them, "
    "tail probabilities, state and direction of every trust, or why it is not assessed.",
    make=_make,
    inputs=("assessed_people", "indicator_definitions", "risk_models", "treating_trusts", "submissions"),
)
