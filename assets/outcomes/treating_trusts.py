"""Who gave the last chemotherapy cycle."""

from naome_pipeline.build import sql_node

node = sql_node("outcomes", "treating_trusts")
