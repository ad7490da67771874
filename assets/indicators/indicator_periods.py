"""Which reporting periods every indicator has."""

from naome_pipeline.build import sql_node

node = sql_node("indicators", "indicator_periods")
