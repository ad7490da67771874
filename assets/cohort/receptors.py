"""Receptor status at diagnosis."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "receptors")
