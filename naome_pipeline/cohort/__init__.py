"""The cohort: who has metastatic breast cancer, since when, on what evidence, and how they were treated.

What belongs here: evidence, inclusion and exclusion, attribution, case mix, treatments, first line. What does
not: reading files (`deliveries/`) or deciding what a good result is (`indicators/`).
"""
