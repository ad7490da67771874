"""Every treatment event of the cohort."""

from dataclasses import replace

from naome_pipeline.build import sql_node

# Everything that takes long at the end waits for it.
node = replace(sql_node("cohort", "treatments"), priority=1)
