"""What providers are compared after."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "case_mix")
