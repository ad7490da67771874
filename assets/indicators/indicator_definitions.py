"""The registry as a table, with each indicator's availability in this delivery."""

from naome_pipeline.build import BuildContext, Node, code_of
from naome_pipeline.indicators.definitions import definitions_table


def _make(context: BuildContext) -> None:
    delivered = context.delivered
    context.write_frame(definitions_table(delivered.scope.feed, delivered.supplied))


node = Node(
    layer="indicators",
    name="indicator_definitions",
    description="Every indicator of the registry: what it counts, and whether this delivery supports it or why not.",
    make=_make,
    code=code_of("indicators/registry.py", "indicators/registry.yaml", "indicators/definitions.py"),
    uses_delivery=lambda delivered, previous, lake: {
        "feed": delivered.scope.feed,
        "supplied": {name: sorted(columns) for name, columns in delivered.supplied.items()},
    },
)
