"""How the delivery becomes the cohort."""

from naome_pipeline.build import sql_node
from naome_pipeline.uniting import summed_node

node = sql_node("cohort", "attrition")
united = summed_node(
    node,
    ", summed AS (SELECT step, unit, title, CAST(SUM(removed) AS BIGINT) AS removed, "
    "CAST(SUM(remaining) AS BIGINT) AS remaining FROM parts GROUP BY step, unit, title), "
    "counted AS (SELECT COUNT(*) AS people FROM people) "
    "SELECT * FROM summed UNION ALL SELECT 11, 'people', 'Registered in both nations, counted once', "
    "s.remaining - c.people, c.people FROM summed AS s CROSS JOIN counted AS c WHERE s.step = 10",
    inputs=("people",),
)
