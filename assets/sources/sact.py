"""Systemic Anti-Cancer Therapy: one row per drug administration."""

from assets.sources.reading import source_node

node = source_node("sact", "Systemic Anti-Cancer Therapy: one row per drug administration.")
