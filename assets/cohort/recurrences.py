"""Distant recurrence after early breast cancer, with its certainty."""

from naome_pipeline.build import sql_node
from naome_pipeline.uniting import united_node

node = sql_node("cohort", "recurrences")
united = united_node(node)
