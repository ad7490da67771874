"""Everybody an indicator can count, with quarter and places."""

from naome_pipeline.build import sql_node

node = sql_node("indicators", "counted_people")
