"""Survival as published."""

from assets.release.policies import EVERYBODY, SERIES_HIDDEN, policy_node

node = policy_node(
    "released_survival",
    "people < $fewest_people OR (at_risk > 0 AND at_risk < $fewest_people) "
    "OR (people IS NULL AND COALESCE(deaths, survival, median, restricted_mean) IS NOT NULL) "
    "OR (at_risk IS NULL AND COALESCE(survival, lower, upper, standard_error, events) IS NOT NULL) "
    f"OR (COALESCE(people, deaths, survival, median, restricted_mean) IS NOT NULL AND {SERIES_HIDDEN.format(EVERYBODY)})",
)
