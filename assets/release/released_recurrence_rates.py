"""Distant recurrence after early breast cancer by years since diagnosis as published."""

from naome_pipeline.build import sql_node

node = sql_node("release", "released_recurrence_rates", folder="disclosure")
