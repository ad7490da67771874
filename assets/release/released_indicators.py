"""Counts as they may be shown."""

from naome_pipeline.build import sql_node

node = sql_node("release", "released_indicators", folder="disclosure")
