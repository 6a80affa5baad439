"""Benchmarks of the codec, the recovery plan and the machines; see `conformance.bench`."""
