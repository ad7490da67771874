"""COSD pathology: receptor status of specimens."""

from assets.sources.reading import source_node

node = source_node("cosd_pathology", "COSD pathology: receptor status of specimens.")
