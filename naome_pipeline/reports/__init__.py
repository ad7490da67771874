"""Outputs for people, made from released tables only.

What belongs here: laying out numbers that may be shown. What does not: computing them or deciding what may be shown.
"""
