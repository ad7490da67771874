"""Time to first treatment as published."""

from assets.release.policies import EVERYBODY, SERIES_HIDDEN, TREATED, policy_node

node = policy_node(
    "released_treatment_incidence",
    "people < $fewest_people OR (people IS NULL AND COALESCE(treated, died_untreated, incidence, lower) IS NOT NULL) "
    "OR (COALESCE(people, treated, died_untreated, incidence) IS NOT NULL AND "
    f"{SERIES_HIDDEN.format(f'{EVERYBODY}, {TREATED}')})",
)
