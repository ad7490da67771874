"""Patient, hospital and regional factors associated with every performance indicator."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.outcomes.associations import associated_factors


def _make(context: BuildContext) -> None:
    assessed = context.engine.fetch(
        "SELECT person_id, indicator, outcome, trust_code, alliance_code FROM assessed_people"
    )
    case_mix = context.engine.fetch("SELECT * FROM case_mix ORDER BY person_id")
    compared = context.engine.fetch(
        "SELECT indicator FROM indicator_definitions "
        "WHERE kind = 'performance' AND available AND variant_of IS NULL ORDER BY position"
    )
    context.write_frame(associated_factors(assessed, case_mix, compared["indicator"]))


node = Node(
    layer="outcomes",
    name="associated_factors",
    description="Odds ratios of patient and hospital factors, and the variation between trusts that is left after "
    "patient, hospital and regional factors: associations, not causes.",
    make=_make,
    inputs=("assessed_people", "case_mix", "indicator_definitions"),
)
