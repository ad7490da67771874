"""How the delivery becomes the cohort."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "attrition")
