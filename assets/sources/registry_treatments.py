"""Treatment events the registry holds: NCRD treatments, in Wales surgery."""

from assets.sources.reading import source_node

node = source_node(
    "registry_treatments",
    "Treatment events the registry holds: NCRD treatments, in Wales surgery.",
)
