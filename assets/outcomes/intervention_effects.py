"""Named interventions and what followed them."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.outcomes.interventions import configured_interventions, intervention_effects


def _make(context: BuildContext) -> None:
    counts = context.engine.fetch("SELECT * FROM indicator_counts")
    context.write_frame(intervention_effects(counts, configured_interventions()))


node = Node(
    layer="outcomes",
    name="intervention_effects",
    description="Each configured intervention: interrupted time series or difference-in-differences of the indicators it "
    "should change, with the check of trends before it. Empty while none is configured.",
    make=_make,
    inputs=("indicator_counts",),
    parameter_names=("series_minimum_periods",),
)
