"""People registered in both nations."""

from naome_pipeline.uniting import registered_twice_node

united = registered_twice_node()
