"""Time to first treatment as published."""

from naome_pipeline.build import sql_node

node = sql_node("release", "released_treatment_incidence", folder="disclosure")
