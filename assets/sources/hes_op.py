"""HES outpatient attendances."""

from assets.sources.reading import source_node

node = source_node("hes_op", "HES outpatient attendances.", priority=3)
