"""One row per person and indicator whose denominator the person is in."""

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.deliveries.layouts import feed as feed_definition
from naome_pipeline.deliveries.layouts import joint_feed_of
from naome_pipeline.indicators.registry import (
    availability,
    of_nations_sql,
    person_indicators_sql,
    registry,
)
from naome_pipeline.uniting import united_node

# Somebody of the English registry may have been diagnosed in a Welsh health board, and counts in Wales. A joint release
# counts them in what Wales supports.
SUPPORTED = (
    "EXISTS (SELECT 1 FROM counted_people AS c JOIN indicator_definitions AS d ON d.indicator = t.indicator "
    "WHERE c.person_id = t.person_id AND CONCAT(', ', d.nations, ', ') LIKE CONCAT('%, ', c.nation, ', %'))"
)


def _nations(delivered: Delivered) -> tuple[str, ...]:
    """The nations a release is of; none said where a joint feed decides that."""
    feed = delivered.scope.feed
    return () if joint_feed_of(feed) else feed_definition(feed).nations


def _make(context: BuildContext) -> None:
    delivered = context.delivered
    usable = {a.indicator for a in availability(delivered.scope.feed, delivered.supplied) if a.available}
    sql = person_indicators_sql(i for i in registry().indicators.values() if i.id in usable)
    context.write_sql(of_nations_sql(sql, _nations(delivered)))


node = Node(
    layer="indicators",
    name="person_indicators",
    description="Who counts in which indicator and with what value, of the nations that the release is of; generated from "
    "the registry.",
    make=_make,
    inputs=("person_facts", "recurrent_facts", "counted_people"),
    uses_delivery=lambda delivered, previous, lake: {
        "feed": delivered.scope.feed,
        "nations": _nations(delivered),
        "supplied": {name: sorted(columns) for name, columns in delivered.supplied.items()},
    },
)
united = united_node(node, only=SUPPORTED, inputs=("counted_people", "indicator_definitions"))
