"""Every record that says distant recurrence."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "recurrence_findings")
