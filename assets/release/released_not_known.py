"""People outside a denominator for what is not known, as published."""

from naome_pipeline.build import sql_node

node = sql_node("release", "released_not_known", folder="disclosure")
