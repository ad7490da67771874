"""Which subgroups each person belongs to."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.indicators.registry import missing_needs, person_subgroups_sql, registry
from naome_pipeline.uniting import united_node


def _make(context: BuildContext) -> None:
    supplied = context.delivered.supplied
    usable = [s for s in registry().subgroups.values() if not missing_needs(s.needs, supplied)]
    context.write_sql(person_subgroups_sql(usable))


node = Node(
    layer="indicators",
    name="person_subgroups",
    description="One row per person and subgroup, `all` included; generated from the registry.",
    make=_make,
    inputs=("person_facts", "recurrent_facts", "counted_people"),
    uses_delivery=lambda delivered, previous, lake: {
        "supplied": {name: sorted(columns) for name, columns in delivered.supplied.items()},
    },
)
united = united_node(node)
