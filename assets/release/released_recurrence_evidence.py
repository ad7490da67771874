"""What the recurrent cohort rests on as published."""

from assets.release.policies import policy_node

_FEW = "EXISTS (SELECT 1 FROM recurrence_evidence AS a WHERE a.nation = made.nation AND a.people < $fewest_people AND "
_FEW_OF_A_CERTAINTY = f"{_FEW} a.source = 'any')"
_FEW_OF_A_SOURCE = f"(made.source <> 'any' AND {_FEW} a.certainty = made.certainty))"
_COHORT_HIDDEN = (
    "EXISTS (SELECT 1 FROM released_indicators AS r JOIN indicator_definitions AS i ON r.indicator = i.indicator "
    "WHERE i.cohort = 'recurrent' AND r.level = 'nation' AND r.unit_code = made.nation AND r.denominator IS NULL)"
)

node = policy_node(
    "released_recurrence_evidence",
    "COALESCE(people, found_by_one_source_only) IS NOT NULL "
    f"AND ({_FEW_OF_A_CERTAINTY} OR {_FEW_OF_A_SOURCE} OR {_COHORT_HIDDEN})",
)
