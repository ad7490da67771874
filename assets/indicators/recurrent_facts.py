"""What the indicators of the recurrent cohort ask for."""

from naome_pipeline.build import sql_node
from naome_pipeline.uniting import united_node

node = sql_node("indicators", "recurrent_facts")
united = united_node(node)
