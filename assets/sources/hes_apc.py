"""HES admitted patient care: episodes with diagnoses and procedures."""

from assets.sources.reading import source_node

node = source_node(
    "hes_apc", "HES admitted patient care: episodes with diagnoses and procedures.", priority=2
)
