"""What the recurrent cohort rests on, by certainty and source (experimental)."""

from naome_pipeline.build import sql_node

node = sql_node("outcomes", "recurrence_evidence")
