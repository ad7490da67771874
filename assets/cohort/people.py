"""The cohort, one row per person."""

from naome_pipeline.build import sql_node
from naome_pipeline.uniting import united_node

node = sql_node("cohort", "people")
united = united_node(node)
