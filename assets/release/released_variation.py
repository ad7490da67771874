"""Variation between providers as published."""

from assets.release.policies import policy_node

node = policy_node(
    "released_variation",
    "people < $fewest_people OR (people IS NULL AND COALESCE(value, lower, upper, p, trusts) IS NOT NULL)",
)
