"""Run charts as published: computed from released counts."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.disclosure.outcomes import released_series


def _make(context: BuildContext) -> None:
    released = context.engine.fetch("SELECT * FROM released_indicators")
    definitions = context.engine.fetch("SELECT indicator, measure, direction FROM indicator_definitions")
    context.write_frame(released_series(released, definitions))


node = Node(
    layer="release",
    name="released_series",
    description="Run charts of the nation and Alliances by quarter and of trusts by rolling four quarters, with limits and "
    "special causes, computed from counts that may be shown.",
    make=_make,
    inputs=("released_indicators", "indicator_definitions"),
    parameter_names=("laney_significance",),
)
