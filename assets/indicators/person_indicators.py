"""One row per person and indicator whose denominator the person is in."""

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.indicators.registry import availability, person_indicators_sql, registry
from naome_pipeline.indicators.undated_deaths import without_undated_deaths
from naome_pipeline.uniting import united_node


def _make(context: BuildContext) -> None:
    delivered = context.delivered
    usable = {a.indicator for a in availability(delivered.scope.feed, delivered.supplied) if a.available}
    counted = [i for i in registry().indicators.values() if i.id in usable]
    context.write_sql(without_undated_deaths(person_indicators_sql(counted), counted))


node = Node(
    layer="indicators",
    name="person_indicators",
    description="Who counts in which indicator and with what value; generated from the registry.",
    make=_make,
    inputs=("person_facts", "recurrent_facts", "counted_people"),
    uses_delivery=lambda delivered, previous, lake: {
        "feed": delivered.scope.feed,
        "supplied": {name: sorted(columns) for name, columns in delivered.supplied.items()},
    },
)
united = united_node(node)
