"""Variation between providers as published."""

from assets.release.policies import WHOLE_HIDDEN, policy_node

node = policy_node(
    "released_variation",
    f"people < $fewest_people OR (COALESCE(people, trusts) IS NOT NULL AND {WHOLE_HIDDEN}) "
    "OR (COALESCE(value, lower, upper, p) IS NOT NULL AND EXISTS (SELECT 1 FROM provider_variation AS a "
    "WHERE a.indicator = made.indicator AND a.people < $fewest_people))",
)
