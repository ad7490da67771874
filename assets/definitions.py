"""The code location: every node of every feed, its jobs, schedules and sensors. What workspace.yaml loads."""

from assets.assembly import build_defs

defs = build_defs()
