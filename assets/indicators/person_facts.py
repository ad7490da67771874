"""Every fact an indicator can ask for, one row per person."""

from naome_pipeline.build import sql_node

node = sql_node("indicators", "person_facts")
