"""How many flags chance alone would give over all trusts and indicators, beside those there are."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.outcomes.comparison import alarm_account


def _make(context: BuildContext) -> None:
    context.write_frame(alarm_account(context.engine.fetch("SELECT * FROM provider_comparison")))


node = Node(
    layer="outcomes",
    name="alarm_account",
    description="How many alerts and potential outliers chance alone would give over all trusts and indicators, "
    "beside those that were found.",
    make=_make,
    inputs=("provider_comparison",),
)
