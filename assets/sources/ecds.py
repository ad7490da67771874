"""Emergency Care Data Set attendances."""

from assets.sources.reading import source_node

node = source_node("ecds", "Emergency Care Data Set attendances.")
