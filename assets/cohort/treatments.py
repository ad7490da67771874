"""Every treatment event of the cohort."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "treatments")
