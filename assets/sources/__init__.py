"""Layer 1: a delivery file becomes a typed, audited table per data set."""
