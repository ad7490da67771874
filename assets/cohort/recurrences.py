"""Distant recurrence after early breast cancer, with its certainty."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "recurrences")
