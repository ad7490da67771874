"""Every record that says distant spread at diagnosis."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "distant_findings")
