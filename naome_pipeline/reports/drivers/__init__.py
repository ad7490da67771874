"""A driver diagram per goal: what the audit wants, what drives it, what a team can change, and where care stands."""
