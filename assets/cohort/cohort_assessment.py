"""Everybody measured against the inclusion rules."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "cohort_assessment")
