"""Team meetings."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "mdt_discussions")
