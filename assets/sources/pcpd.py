"""Primary care prescriptions."""

from assets.sources.reading import source_node

node = source_node("pcpd", "Primary care prescriptions.", priority=1)
