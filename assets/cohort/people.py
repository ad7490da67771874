"""The cohort, one row per person."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "people")
