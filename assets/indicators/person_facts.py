"""Every fact an indicator can ask for, one row per person."""

from naome_pipeline.build import sql_node
from naome_pipeline.uniting import united_node

node = sql_node("indicators", "person_facts")
united = united_node(node)
