"""Each whole calendar year of diagnosis against the one before."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.outcomes.series import yearly_change


def _make(context: BuildContext) -> None:
    context.write_frame(yearly_change(context.engine.fetch("SELECT * FROM indicator_counts")))


node = Node(
    layer="outcomes",
    name="yearly_change",
    description="National change of every indicator from one whole calendar year of diagnosis to the next, with "
    "Newcombe's interval of the difference.",
    make=_make,
    inputs=("indicator_counts",),
)
