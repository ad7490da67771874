"""Who gave the last chemotherapy cycle."""

from naome_pipeline.build import sql_node
from naome_pipeline.uniting import united_node

node = sql_node("outcomes", "treating_trusts")
united = united_node(node)
