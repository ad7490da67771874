"""Which subgroups each person belongs to."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.indicators.registry import person_subgroups_sql, usable_subgroups
from naome_pipeline.uniting import united_node


def _make(context: BuildContext) -> None:
    delivered = context.delivered
    context.write_sql(person_subgroups_sql(usable_subgroups(delivered.scope.feed, delivered.supplied)))


node = Node(
    layer="indicators",
    name="person_subgroups",
    description="One row per person and subgroup, `all` included; generated from the registry.",
    make=_make,
    inputs=("person_facts", "recurrent_facts", "counted_people"),
    uses_delivery=lambda delivered, previous, lake: {
        "feed": delivered.scope.feed,
        "supplied": {name: sorted(columns) for name, columns in delivered.supplied.items()},
    },
)
united = united_node(node)
