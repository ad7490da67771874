"""The audit itself: plain Python and SQL, importable and testable without Dagster.

What belongs here: reading deliveries, finding the cohort, computing indicators, disclosure control
and reports. What does not: orchestration (see `assets/`) and the thresholds of the gates (see
`expectations/`). Nothing in this package imports Dagster or `assets`.
"""

__version__ = "0.1.0"
