"""People who are known to have died and of whom nobody says when.

What belongs here: which indicators leave them out. What does not: who they are (`cohort/cohort_assessment.sql`, `died_undated`).

They are neither alive nor dead on any day that an indicator asks about. Counted as alive they would make survival too good,
counted as dead on some day that day would be made up.
"""

from __future__ import annotations

from collections.abc import Iterable

from naome_pipeline.engine import literal
from naome_pipeline.indicators.registry import Indicator


def without_undated_deaths(sql: str, indicators: Iterable[Indicator]) -> str:
    """SQL: the rows of `person_indicators_sql` without these people where the indicator follows people to their death.

    Which do, the registry says: those that are `followed_in` deaths.
    """
    names = sorted(i.id for i in indicators if "deaths" in i.followed_in)
    if not names:
        return sql
    listed = ", ".join(literal(name) for name in names)
    return (
        f"WITH counted AS (\n{sql}\n),\n"
        "undated AS (SELECT person_id FROM person_facts WHERE died_undated)\n"
        "SELECT c.person_id, c.indicator, c.value FROM counted AS c\n"
        f"LEFT JOIN undated AS u ON c.person_id = u.person_id AND c.indicator IN ({listed})\n"
        "WHERE u.person_id IS NULL"
    )
