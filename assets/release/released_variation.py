"""Variation between providers as published."""

from naome_pipeline.build import sql_node

node = sql_node("release", "released_variation", folder="disclosure")
