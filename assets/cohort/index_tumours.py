"""Each person's first invasive breast tumour."""

from naome_pipeline.build import sql_node

node = sql_node("cohort", "index_tumours")
