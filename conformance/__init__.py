"""Conformance checks: requirements, machines, runner and reports."""
