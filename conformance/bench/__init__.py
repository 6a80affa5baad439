"""Benchmarks of any backend: questions, the figures they give, and how figures are shown."""
