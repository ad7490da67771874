"""Cancer Waiting Times treatments."""

from assets.sources.reading import source_node

node = source_node("cwt", "Cancer Waiting Times treatments.")
