"""Fair comparison: intervals, funnels, survival, risk adjustment, control charts, variation, evaluation.

What belongs here: pure functions on arrays and frames, each with the source of its method, its assumptions and
tests against numbers this project did not make. What does not: reading or writing anything, choosing thresholds
(see `parameters.yaml`), naming indicators (see `indicators/`), hiding small numbers (see `disclosure/`).
"""
