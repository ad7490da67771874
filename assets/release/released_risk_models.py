"""Risk models as published."""

from naome_pipeline.build import sql_node

node = sql_node("release", "released_risk_models", folder="disclosure")
