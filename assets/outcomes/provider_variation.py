"""How much of the variation in care lies between trusts."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.outcomes.variation import variation_by_indicator


def _make(context: BuildContext) -> None:
    assessed = context.engine.fetch(
        "SELECT person_id, indicator, outcome, trust_code FROM assessed_people ORDER BY ALL"
    )
    context.write_frame(variation_by_indicator(assessed))


node = Node(
    layer="outcomes",
    name="provider_variation",
    description="Median odds ratio and intraclass correlation of every indicator between trusts, with "
    "profile-likelihood intervals.",
    make=_make,
    inputs=("assessed_people",),
)
