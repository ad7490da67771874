"""COSD fitness assessment of older patients."""

from assets.sources.reading import source_node

node = source_node("cosd_fitness", "COSD fitness assessment of older patients.")
