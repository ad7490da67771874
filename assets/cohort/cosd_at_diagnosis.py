"""COSD records linked to the index tumour."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "cosd_at_diagnosis")
