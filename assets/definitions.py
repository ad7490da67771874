"""The code location: every node of every feed, its jobs, schedules and sensors. What workspace.yaml loads.

What belongs here: nothing but the definitions. What does not: making them (`assembly.py`), which whoever wants those of one feed
can then import without making all.
"""

from assets.assembly import build_defs

defs = build_defs()
