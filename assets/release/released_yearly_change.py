"""Change from year to year as published."""

from naome_pipeline.disclosure.nodes import policy_node

node = policy_node(
    "released_yearly_change",
    "denominator < $fewest_people OR (denominator IS NULL AND COALESCE(numerator, value, difference) IS NOT NULL)",
)
