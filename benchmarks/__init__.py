"""Benchmarks of the reference backends, the recovery plan, the codec and the machines."""
