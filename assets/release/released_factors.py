"""Associated factors as published."""

from assets.release.policies import PART_HIDDEN, WHOLE_HIDDEN, policy_node

# Rows of one level of a factor; and whether few people have the level that has no row: everybody less those of all others.
_OF_A_LEVEL = "made.block = 'patient' AND made.measure = 'odds_ratio'"
_OTHERS_OF_A_FACTOR = (
    "(SELECT MAX(a.people) - SUM(CASE WHEN a.block = 'patient' AND a.measure = 'odds_ratio' "
    "AND SPLIT_PART(a.factor, ': ', 1) = SPLIT_PART(made.factor, ': ', 1) THEN a.people ELSE 0 END) "
    "FROM associated_factors AS a WHERE a.indicator = made.indicator) BETWEEN 1 AND $fewest_people - 1"
)

node = policy_node(
    "released_factors",
    f"people < $fewest_people OR (people IS NOT NULL AND {WHOLE_HIDDEN}) "
    f"OR ({_OF_A_LEVEL} AND people IS NOT NULL AND ({PART_HIDDEN} "
    "OR (SELECT COUNT(DISTINCT r.unit_code) FROM released_indicators AS r WHERE r.level = 'nation') > 1)) "
    f"OR ({_OF_A_LEVEL} AND COALESCE(value, lower, upper, p, people) IS NOT NULL AND {_OTHERS_OF_A_FACTOR}) "
    "OR (COALESCE(value, lower, upper, p) IS NOT NULL AND EXISTS (SELECT 1 FROM associated_factors AS a "
    "WHERE a.indicator = made.indicator AND a.block = made.block AND a.factor = made.factor AND a.measure = made.measure "
    "AND a.people < $fewest_people))",
)
