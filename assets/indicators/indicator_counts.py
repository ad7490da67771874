"""Every indicator at every level, period and subgroup."""

from naome_pipeline.build import sql_node

node = sql_node("indicators", "indicator_counts")
