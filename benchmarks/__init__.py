"""Benchmarks: measured speed and memory, each beside the floor it is compared to. Never part of the tests."""
