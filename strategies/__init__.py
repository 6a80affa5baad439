"""Hypothesis strategies for every value, operation, history and fault."""
