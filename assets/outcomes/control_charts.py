"""Run charts by quarter: limits, moving average, special causes, of nation, Alliances and trusts."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.outcomes.series import control_charts


def _make(context: BuildContext) -> None:
    counts = context.engine.fetch("SELECT * FROM indicator_counts")
    definitions = context.engine.fetch("SELECT indicator, direction FROM indicator_definitions")
    context.write_frame(control_charts(counts, definitions))


node = Node(
    layer="outcomes",
    name="control_charts",
    description="The series of every indicator and unit by quarter of diagnosis: p-chart limits, Laney p′ where a series asks "
    "for them, pooled three-quarter moving average, the Making Data Count rules for special cause.",
    make=_make,
    inputs=("indicator_counts", "indicator_definitions"),
    parameter_names=("laney_significance",),
)
