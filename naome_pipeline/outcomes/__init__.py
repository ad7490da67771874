"""Outcomes: providers compared fairly, change over time, survival, variation.

What belongs here: giving the audit's tables to the methods of `statistics/` and their answers a shape. What does not:
the methods themselves, or what of it may be shown (`disclosure/`).
"""
