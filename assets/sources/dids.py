"""Diagnostic imaging events."""

from assets.sources.reading import source_node

node = source_node("dids", "Diagnostic imaging events.")
