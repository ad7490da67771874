"""Distant recurrence after early breast cancer by years since diagnosis as published."""

from assets.release.policies import policy_node

node = policy_node(
    "released_recurrence_rates",
    "people < $fewest_people OR (people IS NULL AND COALESCE(recurred, incidence, lower, died_before) IS NOT NULL)",
)
