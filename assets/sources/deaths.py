"""Civil registrations of death."""

from assets.sources.reading import source_node

node = source_node("deaths", "Civil registrations of death.")
