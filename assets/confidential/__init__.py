"""Beside layer 6: outputs for single providers and for the audit team, before disclosure control."""
