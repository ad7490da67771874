"""Layer 3: one row per person and indicator, then counts per level, period and subgroup."""
