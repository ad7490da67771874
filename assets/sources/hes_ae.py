"""HES accident and emergency attendances (older years)."""

from assets.sources.reading import source_node

node = source_node("hes_ae", "HES accident and emergency attendances (older years).")
