"""Pathway events of the rapid registration data."""

from assets.sources.reading import source_node

node = source_node("pathway_events", "Pathway events of the rapid registration data.")
