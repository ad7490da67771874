"""How the delivery becomes the cohort."""

from naome_pipeline.build import sql_node
from naome_pipeline.uniting import summed_node

node = sql_node("cohort", "attrition")
united = summed_node(
    node,
    "SELECT step, unit, title, CAST(SUM(removed) AS BIGINT) AS removed, CAST(SUM(remaining) AS BIGINT) AS remaining "
    "FROM parts GROUP BY step, unit, title",
)
