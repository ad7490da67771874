"""What the indicators of the recurrent cohort ask for."""

from naome_pipeline.build import sql_node

node = sql_node("indicators", "recurrent_facts")
