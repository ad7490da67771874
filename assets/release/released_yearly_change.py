"""Change from year to year as published."""

from naome_pipeline.build import sql_node

node = sql_node("release", "released_yearly_change", folder="disclosure")
