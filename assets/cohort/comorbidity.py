"""Charlson and SCARF."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "comorbidity")
