"""Layer 6: outputs for people, made from released tables."""
