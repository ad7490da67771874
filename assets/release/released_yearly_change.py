"""Change from year to year as published."""

from assets.release.policies import policy_node

node = policy_node(
    "released_yearly_change",
    "denominator < $fewest_people OR (denominator IS NULL AND COALESCE(numerator, value, difference) IS NOT NULL)",
)
