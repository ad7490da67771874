"""Outputs for single providers and for the audit team, made from comparisons before disclosure control.

What belongs here: letters of the outlier process, the register of responses, the list of all results: counts of trusts, none
of people. What does not: anything that is published (`reports/`, which must not read from here).
"""
