"""Storages that only a crash tells from right ones, and right ones of unusual build.

``table`` says of each what must catch it. ``python -m conformance serve
tests.zoo.crashes.targets:NAME`` serves any of them.
"""
