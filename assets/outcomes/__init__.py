"""Layer 4: providers compared fairly, change over time, survival, variation."""
