"""What providers are compared after."""

from naome_pipeline.build import sql_node
from naome_pipeline.uniting import united_node

node = sql_node("cohort", "case_mix")
united = united_node(node)
