"""Who is compared: everybody in a denominator whose follow-up is whole."""

from naome_pipeline.build import sql_node

node = sql_node("outcomes", "assessed_people")
