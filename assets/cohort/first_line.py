"""First-line treatment."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "first_line")
