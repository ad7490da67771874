"""One row per person and source of evidence."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "evidence_ledger")
