"""Everybody measured against the inclusion rules."""

from naome_pipeline.build import sql_node
from naome_pipeline.uniting import united_node

node = sql_node("cohort", "cohort_assessment")
united = united_node(node)
