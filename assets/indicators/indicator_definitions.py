"""The registry as a table, with each indicator's availability in this delivery."""

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.indicators.definitions import definitions_table


def _supplied(delivered: Delivered) -> dict[str, dict[str, list[str]]]:
    """Per feed of the release: data set to the columns delivered."""
    return {
        part.scope.feed: {name: sorted(columns) for name, columns in part.supplied.items()}
        for part in delivered.parts or (delivered,)
    }


def _make(context: BuildContext) -> None:
    supplied = _supplied(context.delivered)
    sets = {feed: {name: frozenset(c) for name, c in tables.items()} for feed, tables in supplied.items()}
    context.write_frame(definitions_table(sets))


node = Node(
    layer="indicators",
    name="indicator_definitions",
    description="Every indicator of the registry: what it counts, and whether this delivery supports it or why not.",
    make=_make,
    uses_delivery=lambda delivered, previous, lake: {"supplied": _supplied(delivered)},
)
