"""Radiotherapy Data Set: one row per attendance and prescription."""

from assets.sources.reading import source_node

node = source_node("rtds", "Radiotherapy Data Set: one row per attendance and prescription.")
