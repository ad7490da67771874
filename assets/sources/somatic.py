"""Somatic molecular tests."""

from assets.sources.reading import source_node

node = source_node("somatic", "Somatic molecular tests.")
