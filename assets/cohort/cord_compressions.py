"""Admissions with spinal cord compression."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "cord_compressions")
