"""How many people an indicator may have to count and cannot, because what decides is not known.

What belongs here: the statement, from the registry's `unknown`. What does not: who they are (nobody asks), or what may be shown
(`naome_pipeline/disclosure/`).

An unknown receptor status or site of metastases puts a person outside the denominators that need it. How many they are, a reader
has to know: the people whose status is known need not be like them.
"""

from __future__ import annotations

from collections.abc import Iterable

from naome_pipeline.engine import literal
from naome_pipeline.indicators.registry import FACTS, Indicator

COLUMNS = ["indicator", "nation", "period", "period_end", "who", "not_known"]
# A nation has a number of what its own delivery supports; nobody is a number, too.
_COUNTED = """
supported AS (
    SELECT a.indicator, a.who, n.nation
    FROM (VALUES {asked}) AS a(indicator, who)
    JOIN indicator_definitions AS d ON a.indicator = d.indicator
    CROSS JOIN UNNEST(STR_SPLIT(d.nations, ', ')) AS n(nation)
    WHERE d.available
),

periods AS (
    SELECT indicator, period, period_end, quarter_start
    FROM indicator_periods
    WHERE period_kind = 'audit period'
),

counted AS (
    SELECT u.indicator, f.nation, COUNT(*) AS people
    FROM unknown AS u
    JOIN counted_people AS f ON u.person_id = f.person_id
    JOIN periods AS p ON u.indicator = p.indicator AND f.quarter_start = p.quarter_start
    GROUP BY u.indicator, f.nation
)

SELECT
    s.indicator,
    s.nation,
    p.period,
    p.period_end,
    s.who,
    CAST(COALESCE(c.people, 0) AS BIGINT) AS not_known
FROM supported AS s
JOIN (SELECT DISTINCT indicator, period, period_end FROM periods) AS p ON s.indicator = p.indicator
LEFT JOIN counted AS c ON s.indicator = c.indicator AND s.nation = c.nation
"""


def not_known_sql(indicators: Iterable[Indicator]) -> str:
    """SQL over `person_facts`, `counted_people`, `indicator_periods` and `indicator_definitions`: a row per indicator that may
    lack people and nation (COLUMNS), of the people diagnosed in the indicator's audit period."""
    entries = [(i, i.unknown) for i in indicators if i.unknown is not None]
    parts = [
        f"SELECT person_id, '{i.id}' AS indicator FROM {FACTS[i.cohort]} "
        f"WHERE ({unknown.where}) AND ({i.denominator.where}) IS NOT TRUE"
        for i, unknown in entries
    ]
    asked = ", ".join(f"({literal(i.id)}, {literal(unknown.text)})" for i, unknown in entries)
    return f"WITH unknown AS ({' UNION ALL '.join(parts)}),\n{_COUNTED.format(asked=asked)}"
