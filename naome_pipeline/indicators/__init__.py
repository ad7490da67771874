"""Indicators: the registry that defines them, and the SQL that computes them from it.

What belongs here: definitions, person-level facts, counts per level and period. What does not: who is in the
cohort (`cohort/`), comparison of providers (`statistics/`), or what may be shown (`disclosure/`).
"""
