"""Risk models: expected events per trust, coefficients, diagnostics, in one tidy table."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.indicators.registry import registry
from naome_pipeline.outcomes.risk import risk_models


def _make(context: BuildContext) -> None:
    assessed = context.engine.fetch("SELECT person_id, indicator, outcome, trust_code FROM assessed_people")
    case_mix = context.engine.fetch("SELECT * FROM case_mix ORDER BY person_id")
    adjusted = [i.id for i in registry().indicators.values() if i.risk_adjustment == "case mix"]
    context.write_frame(risk_models(assessed, case_mix, adjusted))


node = Node(
    layer="outcomes",
    name="risk_models",
    description="Logistic risk models of the adjusted indicators over imputed case mix: expected events per trust, "
    "coefficients by Rubin's rules, discrimination, calibration, missingness, complete-case sensitivity.",
    make=_make,
    inputs=("assessed_people", "case_mix"),
)
