"""Backends: the contracts and the implementations that are shipped."""
