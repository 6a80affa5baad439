"""One question a module, each a set of tests of pytest-benchmark; see ``conformance.bench.plugin``.

A question proves its answer right before or after it is timed.
"""
