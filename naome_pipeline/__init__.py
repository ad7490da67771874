"""The audit itself: plain Python and SQL, importable and testable without Dagster.

What belongs here: reading deliveries, finding the cohort, computing indicators, disclosure control
and reports. What does not: orchestration (see `assets/`) and the thresholds of the gates (see
`expectations/`). Nothing in this package imports Dagster or `assets`.
"""

import os

# Before NumPy is imported. Two nodes run at a time on two cores, and the sums of the statistics are made to need no threads
# (`statistics/linear_algebra.py`); OpenBLAS' own would spin beside them and take the cores from what is calculated.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
