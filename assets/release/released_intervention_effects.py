"""What followed each named intervention as published."""

from naome_pipeline.build import sql_node

node = sql_node("release", "released_intervention_effects", folder="disclosure")
