"""Disclosure control: which counts may leave the lake.

What belongs here: the rules that turn counts into released tables. What does not: counting (`indicators/`) or
showing (`reports/`), which reads released tables only.
"""
