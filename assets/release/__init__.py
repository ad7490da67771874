"""Layer 5: disclosure-controlled tables, the only thing a report may read."""
