"""What the recurrent cohort rests on as published."""

from naome_pipeline.build import sql_node

node = sql_node("release", "released_recurrence_evidence", folder="disclosure")
